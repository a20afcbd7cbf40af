package io.culvert.nat;

import static io.culvert.nat.Packets.endpoints;
import static io.culvert.nat.Packets.hex;
import static io.culvert.nat.TranslationTest.translated;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.culvert.nat.Packets.Checksum;
import io.culvert.wire.Defect;
import io.culvert.wire.IpPacket;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.Random;

/** Translation of what is neither TCP nor UDP. */
class OtherTranslationTest {
    private final Endpoints to4 = endpoints("198.51.100.7", 0x5000, "203.0.113.7", 0x5000);
    private final Endpoints to6 = endpoints("2001:db8:aaaa::7", 0x5000, "2001:db8:ffff::7", 0x5000);

    /** RFC 792: the checksum covers the message only. */
    @Test
    void rewritesTheIdentifierOfAnEcho() {
        byte[] packet =
                hex("450000211c4640004001d85a0a320002cb0071070800a1f81234000168656c6c", "6f");

        assertArrayEquals(
                hex("450000211c4640004001b853c6336407cb0071070800642c5000000168656c6c", "6f"),
                translated(packet, to4, false));
    }

    @Test
    void rewritesTheIdentifierOfAnEchoReply() {
        byte[] packet =
                hex("450000211c4640004001b853cb007107c633640700006c2c5000000168656c6c", "6f");

        assertArrayEquals(
                hex("450000211c4640004001d85acb0071070a3200020000a9f81234000168656c6c", "6f"),
                translated(packet, endpoints("203.0.113.7", 0x1234, "10.50.0.2", 0x1234), false));
    }

    /** RFC 4443 section 2.3: and of ICMPv6 the addresses too. */
    @Test
    void rewritesTheIdentifierOfAnIcmpv6Echo() {
        byte[] packet =
                hex(
                        "60012345000d3a4020010db800000000000000000000000220010db8ffff0000",
                        "00000000000000078000ce351234000168656c6c6f");

        assertArrayEquals(
                hex(
                        "60012345000d3a4020010db8aaaa0000000000000000000720010db8ffff0000",
                        "00000000000000078000e5b95000000168656c6c6f"),
                translated(packet, to6, false));
    }

    @Test
    void rewritesTheIdentifierOfAnIcmpv6EchoReply() {
        byte[] packet =
                hex(
                        "60012345000d3a4020010db8ffff0000000000000000000720010db8aaaa0000",
                        "00000000000000078100e4b95000000168656c6c6f");

        assertArrayEquals(
                hex(
                        "60012345000d3a4020010db8ffff0000000000000000000720010db800000000",
                        "00000000000000028100cd351234000168656c6c6f"),
                translated(
                        packet,
                        endpoints("2001:db8:ffff::7", 0x1234, "2001:db8::2", 0x1234),
                        false));
    }

    /** A message that is no echo has no identifier. */
    @Test
    void mendsTheChecksumOfAnyIcmpv6Message() {
        byte[] packet =
                hex(
                        "6001234500083a4020010db800000000000000000000000220010db8ffff0000",
                        "000000000000000787001d4200000000");

        assertArrayEquals(
                hex(
                        "6001234500083a4020010db8aaaa0000000000000000000720010db8ffff0000",
                        "00000000000000078700729200000000"),
                translated(packet, to6, false));
    }

    /** RFC 3828 section 3.2: the checksum covers the addresses; the ports stay. */
    @Test
    void mendsTheChecksumOfUdpLite() {
        assertArrayEquals(
                hex("450000211c4640004088b7ccc6336407cb0071079c4001bb0000b75968656c6c", "6f"),
                translated(
                        hex(
                                "450000211c4640004088d7d30a320002cb0071079c4001bb0000d760",
                                "68656c6c6f"),
                        to4,
                        false));
        assertArrayEquals(
                hex(
                        "60012345000d884020010db8aaaa0000000000000000000720010db8ffff0000",
                        "00000000000000079c4001bb0000177268656c6c6f"),
                translated(
                        hex(
                                "60012345000d884020010db80000000000000000000000022001",
                                "0db8ffff000000000000000000079c4001bb0000c22168656c6c6f"),
                        to6,
                        false));
    }

    @Test
    void writesAllOnesWhereUdpLitesChecksumComesOutAsZero() {
        assertArrayEquals(
                hex("4500001e1c4640004088b7cfc6336407cb0071079c4001bb0000fffffb2e"),
                translated(
                        hex("4500001e1c4640004088d7d60a320002cb0071079c4001bb00002007fb2e"),
                        to4,
                        false));
    }

    /** RFC 3828 section 3.1: zero is an error, which stays one. */
    @Test
    void leavesAUdpLiteChecksumOfZeroAsWrongAsItIs() {
        assertArrayEquals(
                hex("4500001e1c4640004088b7cfc6336407cb0071079c4001bb00000000fb2e"),
                translated(
                        hex("4500001e1c4640004088d7d60a320002cb0071079c4001bb00000000fb2e"),
                        to4,
                        false));
    }

    /** RFC 4340 section 9.1. */
    @Test
    void mendsTheChecksumOfDccp() {
        assertArrayEquals(
                hex(
                        "450000281c4640004021b82cc6336407cb0071079c4001bb040021b301000000",
                        "0000000768656c6c"),
                translated(
                        hex(
                                "450000281c4640004021d8330a320002cb0071079c4001bb040041ba",
                                "010000000000000768656c6c"),
                        to4,
                        false));
        assertArrayEquals(
                hex(
                        "600123450014214020010db8aaaa0000000000000000000720010db8ffff0000",
                        "00000000000000079c4001bb040081cb010000000000000768656c6c"),
                translated(
                        hex(
                                "600123450014214020010db80000000000000000000000022001",
                                "0db8ffff000000000000000000079c4001bb04002c7b01000000",
                                "0000000768656c6c"),
                        to6,
                        false));
    }

    /** RFC 9260 section 6.8: a CRC32c of the SCTP packet alone. */
    @Test
    void leavesSctpBehindItsAddressesAlone() {
        assertArrayEquals(
                hex("450000201c4640004084b7d1c6336407cb0071079c4001bb01020304deadbeef"),
                translated(
                        hex("450000201c4640004084d7d80a320002cb0071079c4001bb01020304deadbeef"),
                        to4,
                        false));
        assertArrayEquals(
                hex(
                        "60012345000c844020010db8aaaa0000000000000000000720010db8ffff0000",
                        "00000000000000079c4001bb01020304deadbeef"),
                translated(
                        hex(
                                "60012345000c844020010db80000000000000000000000022001",
                                "0db8ffff000000000000000000079c4001bb01020304deadbeef"),
                        to6,
                        false));
    }

    /** Its TCP header goes on in the next one: a caller must not, and no byte behind it changes. */
    @Test
    void writesNothingBehindAFirstFragmentThatEndsInsideItsHeader() {
        byte[] packet =
                hex("450000241c4620004006f8520a320002cb0071079c4001bb0102030405060708", "50180200");
        ByteBuffer bytes = ByteBuffer.allocate(64);
        bytes.put(0, packet);
        IpPacket view = new IpPacket();
        assertEquals(Defect.NONE, view.wrap(bytes, 0, packet.length));

        new Translation(endpoints(packet), to4).apply(view, false);

        for (int i = packet.length; i < 64; i++) {
            assertEquals(0, bytes.get(i));
        }
    }

    @Test
    void rewritesTheAddressesOfALaterFragment() {
        assertArrayEquals(
                hex("4500001c1c4620014011d847c6336407cb00710768656c6c6f212121"),
                translated(
                        hex("4500001c1c4620014011f84e0a320002cb00710768656c6c6f212121"),
                        to4,
                        false));
        // What stands where UDP-Lite's checksum would be is data.
        assertArrayEquals(
                hex("4500001c1c4620014088d7d0c6336407cb00710768656c6c6f212121"),
                translated(
                        hex("4500001c1c4620014088f7d70a320002cb00710768656c6c6f212121"),
                        to4,
                        false));
    }

    @Test
    void looksForNoChecksumBehindThePacketsEnd() {
        assertArrayEquals(
                hex("4500001b1c4640004088b7d2c6336407cb00710701020304050607"),
                translated(
                        hex("4500001b1c4640004088d7d90a320002cb00710701020304050607"), to4, false));
        assertArrayEquals(
                hex("4500001b1c4640004021b839c6336407cb00710701020304050607"),
                translated(
                        hex("4500001b1c4640004021d8400a320002cb00710701020304050607"), to4, false));
    }

    @Nested
    class OfAnyOtherProtocol {
        private static final int[] PROTOCOLS = {
            IpProtocol.ICMP,
            IpProtocol.ICMPV6,
            IpProtocol.GRE,
            IpProtocol.ESP,
            IpProtocol.SCTP,
            Packets.DCCP,
            Packets.UDP_LITE,
            253
        };

        private final Random random = new Random(5508);

        private boolean ipv6;
        private Checksum checksum;

        private byte[] next() {
            ipv6 = random.nextBoolean();
            int protocol = PROTOCOLS[random.nextInt(PROTOCOLS.length)];
            if (protocol == IpProtocol.ICMP || protocol == IpProtocol.ICMPV6) {
                protocol = ipv6 ? IpProtocol.ICMPV6 : IpProtocol.ICMP;
            }
            checksum = random.nextInt(3) == 0 ? Checksum.PARTIAL : Checksum.COMPLETE;
            return Packets.random(random, ipv6, protocol, checksum);
        }

        @Test
        void comesToWhatMakingEveryChecksumAnewComesTo() {
            for (int i = 0; i < 20_000; i++) {
                byte[] packet = next();
                Endpoints to = Packets.randomEndpoints(random, ipv6);

                assertArrayEquals(
                        Packets.with(packet, to, checksum),
                        translated(packet, to, checksum == Checksum.PARTIAL));
            }
        }

        @Test
        void givesTheOriginalBytesThereAndBack() {
            for (int i = 0; i < 20_000; i++) {
                byte[] packet = next();
                boolean partial = checksum == Checksum.PARTIAL;

                byte[] there = translated(packet, Packets.randomEndpoints(random, ipv6), partial);

                assertArrayEquals(packet, translated(there, endpoints(packet), partial));
            }
        }
    }
}
