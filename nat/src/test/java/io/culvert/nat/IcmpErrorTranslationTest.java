package io.culvert.nat;

import static io.culvert.nat.Packets.endpoints;
import static io.culvert.nat.Packets.hex;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.nat.Packets.Checksum;
import io.culvert.wire.IpPacket;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.Random;

class IcmpErrorTranslationTest {
    private static final int ROUNDS = 20_000;

    private final Random random = new Random(5508);

    private static byte[] translated(byte[] error, Endpoints outer, Endpoints inner) {
        byte[] copy = error.clone();
        IpPacket view = Packets.wrap(copy);
        IcmpErrorTranslation.apply(view, Packets.quoted(view), outer, inner);
        return copy;
    }

    @Test
    void givesAnIpv4ErrorTheNamesOfTheOtherSide() {
        // A router on the way to the client says fragmentation needed about the target's segment,
        // of which it quotes the least: header and 8 bytes.
        byte[] error =
                hex(
                        "45000038beef400040011599c6336401cb007107030455820000057845000050",
                        "1c4640004006d826cb0071070a32000201bb9c4001020304");

        assertArrayEquals(
                hex(
                        "45000038beef4000400167d30a0000020a0000010304737c0000057845000050",
                        "1c46400040060a600a0000010a0000020001800001020304"),
                translated(
                        error,
                        endpoints("10.0.0.2", 0, "10.0.0.1", 0),
                        endpoints("10.0.0.1", 1, "10.0.0.2", 32_768)));
    }

    @Test
    void givesAnIpv6ErrorTheNamesOfTheOtherSide() {
        // Packet too big, with all of the packet in it.
        byte[] error =
                hex(
                        "60012345006c3a4020010db800010000000000000000000120010db8ffff0000",
                        "00000000000000070200135e0000050060012345003c064020010db8ffff0000",
                        "000000000000000720010db800000000000000000000000201bb9c4001020304",
                        "05060708501802003ab100007878787878787878787878787878787878787878",
                        "7878787878787878787878787878787878787878");

        assertArrayEquals(
                hex(
                        "60012345006c3a40fd000000000000000000000000000002fd00000000000000",
                        "0000000000000001020074d40000050060012345003c0640fd00000000000000",
                        "0000000000000001fd0000000000000000000000000000020001800001020304",
                        "0506070850180200ba2100007878787878787878787878787878787878787878",
                        "7878787878787878787878787878787878787878"),
                translated(
                        error,
                        endpoints("fd00::2", 0, "fd00::1", 0),
                        endpoints("fd00::1", 1, "fd00::2", 32_768)));
    }

    /** A packet to quote: its transport is TCP, UDP or an echo. */
    private byte[] offending(boolean ipv6, Checksum checksum) {
        int protocol =
                switch (random.nextInt(3)) {
                    case 0 -> IpProtocol.TCP;
                    case 1 -> IpProtocol.UDP;
                    default -> ipv6 ? IpProtocol.ICMPV6 : IpProtocol.ICMP;
                };
        return Packets.random(random, ipv6, protocol, checksum);
    }

    private byte[] errorAbout(byte[] offending, int quoted, boolean ipv6, Endpoints outer) {
        return Packets.error(
                ipv6, ipv6 ? 1 : 3, random.nextInt(5), Arrays.copyOf(offending, quoted), outer);
    }

    @Test
    void comesToAnErrorAboutThePacketAsTheOtherSideSentIt() {
        for (int i = 0; i < ROUNDS; i++) {
            boolean ipv6 = random.nextBoolean();
            byte[] offending = offending(ipv6, Checksum.COMPLETE);
            Endpoints inner = echoed(offending, Packets.randomEndpoints(random, ipv6));
            Endpoints outer = Packets.randomEndpoints(random, ipv6);
            byte[] error =
                    errorAbout(
                            offending,
                            offending.length,
                            ipv6,
                            Packets.randomEndpoints(random, ipv6));
            byte[] expected =
                    Packets.error(
                            ipv6,
                            error[Packets.transport(error)],
                            error[Packets.transport(error) + 1],
                            Packets.with(offending, inner, Checksum.COMPLETE),
                            outer);

            assertArrayEquals(expected, translated(error, outer, inner));
        }
    }

    @Test
    void givesTheOriginalBytesThereAndBackHoweverLittleIsQuoted() {
        for (int i = 0; i < ROUNDS; i++) {
            boolean ipv6 = random.nextBoolean();
            byte[] offending = offending(ipv6, Checksum.COMPLETE);
            int least = Packets.transport(offending) + 8;
            int quoted = least + random.nextInt(offending.length - least + 1);
            Endpoints outer = Packets.randomEndpoints(random, ipv6);
            Endpoints inner = echoed(offending, Packets.randomEndpoints(random, ipv6));
            byte[] error = errorAbout(offending, quoted, ipv6, outer);

            byte[] there = translated(error, Packets.randomEndpoints(random, ipv6), inner);

            assertTrue(Packets.wrap(there).transportChecksumValid());
            assertArrayEquals(error, translated(there, outer, endpoints(offending)));
        }
    }

    @Test
    void leavesAWrongChecksumWrong() {
        for (int i = 0; i < ROUNDS; i++) {
            boolean ipv6 = random.nextBoolean();
            byte[] offending = offending(ipv6, Checksum.COMPLETE);
            byte[] error =
                    errorAbout(
                            offending,
                            offending.length,
                            ipv6,
                            Packets.randomEndpoints(random, ipv6));
            error[Packets.transport(error) + 5] ^= 1;

            byte[] after =
                    translated(
                            error,
                            Packets.randomEndpoints(random, ipv6),
                            echoed(offending, Packets.randomEndpoints(random, ipv6)));

            assertFalse(Packets.wrap(after).transportChecksumValid());
        }
    }

    @Test
    void leavesAQuotedUdpChecksumThatIsAbsentAbsent() {
        byte[] offending = Packets.random(random, false, IpProtocol.UDP, Checksum.ABSENT);
        Endpoints inner = Packets.randomEndpoints(random, false);
        Endpoints outer = Packets.randomEndpoints(random, false);
        byte[] error = errorAbout(offending, offending.length, false, outer);

        byte[] after = translated(error, outer, inner);

        byte[] quote = Arrays.copyOfRange(after, 28, after.length);
        assertArrayEquals(Packets.with(offending, inner, Checksum.ABSENT), quote);
    }

    @Test
    void writesAllOnesWhereAQuotedUdpChecksumComesOutAsZero() {
        byte[] offending = hex("4500001e1c4640004011d84d0a320002cb0071079c4001bb000aafcc6bd6");
        Endpoints outer = endpoints("10.0.0.1", 0, "10.0.0.2", 0);
        Endpoints inner = endpoints("10.0.0.2", 32_768, "10.0.0.1", 1);

        byte[] after = translated(errorAbout(offending, 30, false, outer), outer, inner);

        assertArrayEquals(
                hex("4500001e1c46400040110a870a0000020a00000180000001000affff6bd6"),
                Arrays.copyOfRange(after, 28, after.length));
    }

    @Test
    void touchesNoPortsWhereTheQuotedPacketHasNone() {
        Endpoints from = endpoints("10.50.0.2", 0, "203.0.113.7", 0);
        Endpoints inner = endpoints("10.0.0.1", 1, "10.0.0.2", 32_768);
        byte[] plain = new byte[28];
        plain[0] = 0x45;
        plain[3] = 28;
        plain[9] = IpProtocol.GRE;
        byte[] quote = withAddresses(plain, from);
        byte[] error = errorAbout(quote, quote.length, false, from);

        byte[] after = translated(error, from, inner);

        assertArrayEquals(withAddresses(plain, inner), Arrays.copyOfRange(after, 28, after.length));
        assertTrue(Packets.wrap(after).transportChecksumValid());
    }

    /** Addresses and header checksum of an otherwise empty packet without ports. */
    private static byte[] withAddresses(byte[] packet, Endpoints to) {
        Endpoints portless =
                new Endpoints(
                        to.sourceHigh(),
                        to.sourceLow(),
                        0,
                        to.destinationHigh(),
                        to.destinationLow(),
                        0);
        return Packets.with(packet, portless, Checksum.ABSENT);
    }

    /** For an echo, which has one identifier for both ports. */
    private static Endpoints echoed(byte[] packet, Endpoints to) {
        return Packets.wrap(packet).icmp() == null
                ? to
                : new Endpoints(
                        to.sourceHigh(),
                        to.sourceLow(),
                        to.sourcePort(),
                        to.destinationHigh(),
                        to.destinationLow(),
                        to.sourcePort());
    }
}
