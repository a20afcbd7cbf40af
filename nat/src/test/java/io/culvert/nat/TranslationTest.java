package io.culvert.nat;

import static io.culvert.nat.Packets.endpoints;
import static io.culvert.nat.Packets.hex;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.nat.Packets.Checksum;
import io.culvert.wire.IpPacket;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.Random;

class TranslationTest {
    /** What a translation makes of a packet. */
    static byte[] translated(byte[] packet, Endpoints to, boolean partial) {
        byte[] copy = packet.clone();
        new Translation(endpoints(packet), to).apply(Packets.wrap(copy), partial);
        return copy;
    }

    @Test
    void tellsWhatPacketsCarryAfterwards() {
        Endpoints from = endpoints("10.50.0.2", 40_000, "203.0.113.7", 443);
        Endpoints to = endpoints("10.0.0.2", 32_768, "10.0.0.1", 1);

        assertEquals(to, new Translation(from, to).to());
    }

    @Nested
    class OfIpv4 {
        private final Endpoints to = endpoints("10.0.0.2", 32_768, "10.0.0.1", 1);

        @Test
        void rewritesTcpWithACompleteChecksum() {
            byte[] packet =
                    hex(
                            "4500002d1c4640004006d8490a320002cb0071079c4001bb0102030405060708",
                            "5018020075aa000068656c6c6f");

            assertArrayEquals(
                    hex(
                            "4500002d1c46400040060a830a0000020a000001800000010102030405060708",
                            "50180200c5dd000068656c6c6f"),
                    translated(packet, to, false));
        }

        @Test
        void rewritesTcpWithAPartialChecksum() {
            byte[] packet =
                    hex(
                            "4500002d1c4640004006d8490a320002cb0071079c4001bb0102030405060708",
                            "50180200465b000068656c6c6f");

            assertArrayEquals(
                    hex(
                            "4500002d1c46400040060a830a0000020a000001800000010102030405060708",
                            "501802001422000068656c6c6f"),
                    translated(packet, to, true));
        }

        @Test
        void rewritesUdpWithACompleteChecksum() {
            byte[] packet =
                    hex("450000211c4640004011d84a0a320002cb0071079c4001bb000dd7ca68656c6c", "6f");

            assertArrayEquals(
                    hex("450000211c46400040110a840a0000020a00000180000001000d27fe68656c6c", "6f"),
                    translated(packet, to, false));
        }

        @Test
        void rewritesUdpWithAPartialChecksum() {
            byte[] packet =
                    hex("450000211c4640004011d84a0a320002cb0071079c4001bb000d465a68656c6c", "6f");

            assertArrayEquals(
                    hex("450000211c46400040110a840a0000020a00000180000001000d142168656c6c", "6f"),
                    translated(packet, to, true));
        }

        @Test
        void leavesUdpWithoutAChecksumWithoutOne() {
            byte[] packet =
                    hex("450000211c4640004011d84a0a320002cb0071079c4001bb000d000068656c6c", "6f");

            assertArrayEquals(
                    hex("450000211c46400040110a840a0000020a00000180000001000d000068656c6c", "6f"),
                    translated(packet, to, false));
        }

        @Test
        void writesAllOnesWhereUdpsChecksumComesOutAsZero() {
            byte[] packet = hex("4500001e1c4640004011d84d0a320002cb0071079c4001bb000aafcc6bd6");

            assertArrayEquals(
                    hex("4500001e1c46400040110a870a0000020a00000180000001000affff6bd6"),
                    translated(packet, to, false));
        }

        @Test
        void rewritesAFirstFragmentLikeAWholePacket() {
            // The packet of rewritesUdpWithACompleteChecksum, of which 8 payload bytes are here.
            byte[] first =
                    hex("450000241c4620004011f8470a320002cb0071079c4001bb05dcd7ca68656c6c6f212121");

            assertArrayEquals(
                    hex("450000241c46200040112a810a0000020a0000018000000105dc27fe68656c6c6f212121"),
                    translated(first, to, false));
        }
    }

    @Nested
    class OfIpv6 {
        private final Endpoints to = endpoints("fd00::2", 32_768, "fd00::1", 1);

        @Test
        void rewritesTcpWithACompleteChecksum() {
            byte[] packet =
                    hex(
                            "600123450019064020010db800000000000000000000000220010db8ffff0000",
                            "00000000000000079c4001bb010203040506070850180200606b000068656c6c",
                            "6f");

            assertArrayEquals(
                    hex(
                            "6001234500190640fd000000000000000000000000000002fd00000000000000",
                            "000000000000000180000001010203040506070850180200dfdb000068656c6c",
                            "6f"),
                    translated(packet, to, false));
        }

        @Test
        void rewritesTcpWithAPartialChecksum() {
            byte[] packet =
                    hex(
                            "600123450019064020010db800000000000000000000000220010db8ffff0000",
                            "00000000000000079c4001bb0102030405060708501802005b9a000068656c6c",
                            "6f");

            assertArrayEquals(
                    hex(
                            "6001234500190640fd000000000000000000000000000002fd00000000000000",
                            "000000000000000180000001010203040506070850180200fa23000068656c6c",
                            "6f"),
                    translated(packet, to, true));
        }

        @Test
        void rewritesUdpWithACompleteChecksum() {
            byte[] packet =
                    hex(
                            "60012345000d114020010db800000000000000000000000220010db8ffff0000",
                            "00000000000000079c4001bb000dc28b68656c6c6f");

            assertArrayEquals(
                    hex(
                            "60012345000d1140fd000000000000000000000000000002fd00000000000000",
                            "000000000000000180000001000d41fc68656c6c6f"),
                    translated(packet, to, false));
        }

        @Test
        void rewritesUdpWithAPartialChecksum() {
            byte[] packet =
                    hex(
                            "60012345000d114020010db800000000000000000000000220010db8ffff0000",
                            "00000000000000079c4001bb000d5b9968656c6c6f");

            assertArrayEquals(
                    hex(
                            "60012345000d1140fd000000000000000000000000000002fd00000000000000",
                            "000000000000000180000001000dfa2268656c6c6f"),
                    translated(packet, to, true));
        }
    }

    @Nested
    class OfAnyPacket {
        private static final int ROUNDS = 20_000;

        private final Random random = new Random(1624);

        private boolean ipv6;
        private int protocol;
        private Checksum checksum;

        private byte[] next() {
            ipv6 = random.nextBoolean();
            protocol = random.nextBoolean() ? IpProtocol.TCP : IpProtocol.UDP;
            boolean absent = protocol == IpProtocol.UDP && !ipv6 && random.nextInt(3) == 0;
            boolean partial = random.nextInt(3) == 0;
            checksum = absent ? Checksum.ABSENT : partial ? Checksum.PARTIAL : Checksum.COMPLETE;
            return Packets.random(random, ipv6, protocol, checksum);
        }

        @Test
        void comesToWhatMakingEveryChecksumAnewComesTo() {
            for (int i = 0; i < ROUNDS; i++) {
                byte[] packet = next();
                Endpoints to = Packets.randomEndpoints(random, ipv6);

                assertArrayEquals(
                        Packets.with(packet, to, checksum),
                        translated(packet, to, checksum == Checksum.PARTIAL));
            }
        }

        @Test
        void givesTheOriginalBytesThereAndBack() {
            for (int i = 0; i < ROUNDS; i++) {
                byte[] packet = next();
                boolean partial = checksum == Checksum.PARTIAL;
                Endpoints to = Packets.randomEndpoints(random, ipv6);

                byte[] there = translated(packet, to, partial);

                assertArrayEquals(packet, translated(there, endpoints(packet), partial));
            }
        }

        @Test
        void leavesAWrongChecksumWrong() {
            for (int i = 0; i < ROUNDS; i++) {
                byte[] packet = next();
                if (checksum != Checksum.COMPLETE) {
                    continue;
                }
                spoil(packet);
                assertFalse(Packets.wrap(packet).transportChecksumValid());

                byte[] after = translated(packet, Packets.randomEndpoints(random, ipv6), false);

                assertFalse(Packets.wrap(after).transportChecksumValid());
            }
        }

        /** Changes one bit of one byte behind the ports, but no length or checksum. */
        private void spoil(byte[] packet) {
            int transport = Packets.transport(packet);
            boolean empty = protocol == IpProtocol.UDP && packet.length == transport + 8;
            int at = protocol == IpProtocol.TCP ? transport + 4 : transport + 8;
            packet[empty ? transport : at] ^= 4;
        }

        @Test
        void worksWhereverThePacketStands() {
            for (int i = 0; i < 1_000; i++) {
                byte[] packet = next();
                Endpoints to = Packets.randomEndpoints(random, ipv6);
                int start = random.nextInt(64);
                ByteBuffer bytes = ByteBuffer.allocateDirect(start + packet.length + 64);
                bytes.put(start, packet);
                IpPacket view = new IpPacket();
                view.wrap(bytes, start, packet.length);

                new Translation(endpoints(packet), to).apply(view, checksum == Checksum.PARTIAL);

                byte[] after = new byte[packet.length];
                bytes.get(start, after);
                assertArrayEquals(Packets.with(packet, to, checksum), after);
                for (int outside = 0; outside < bytes.capacity(); outside++) {
                    boolean inside = outside >= start && outside < start + packet.length;
                    assertTrue(inside || bytes.get(outside) == 0);
                }
            }
        }
    }
}
