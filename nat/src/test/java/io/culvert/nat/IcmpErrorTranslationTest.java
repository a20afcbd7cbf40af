package io.culvert.nat;

import static io.culvert.nat.Packets.endpoints;
import static io.culvert.nat.Packets.hex;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.nat.Packets.Checksum;
import io.culvert.wire.Defect;
import io.culvert.wire.IpPacket;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Tag;
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

    /** A packet to quote, of any kind of protocol. */
    private byte[] offending(boolean ipv6, Checksum checksum) {
        int protocol =
                switch (random.nextInt(8)) {
                    case 0, 1 -> IpProtocol.TCP;
                    case 2, 3 -> IpProtocol.UDP;
                    case 4 -> Packets.DCCP;
                    case 5 -> Packets.UDP_LITE;
                    case 6 -> IpProtocol.ESP;
                    default -> ipv6 ? IpProtocol.ICMPV6 : IpProtocol.ICMP;
                };
        return Packets.random(random, ipv6, protocol, checksum);
    }

    /** Of what a router and an inside host see differently, in that order. */
    private static final Endpoints OUTER_4 = endpoints("192.0.2.99", 0, "10.50.0.2", 0);

    private static final Endpoints OUTER_6 = endpoints("2001:db8:99::1", 0, "2001:db8::2", 0);

    /** RFC 5508 REQ-4, of an ICMP query; the least that RFC 792 quotes. */
    @Test
    void givesAQuotedEchoItsIdentifierBack() {
        byte[] error =
                hex(
                        "450000381c464000400131e1c0000263c63364070b0038d20000000045000021",
                        "1c4640004001b853c6336407cb0071070800642c50000001");

        assertArrayEquals(
                hex(
                        "450000381c464000400151e8c00002630a3200020b0038d20000000045000021",
                        "1c4640004001d85a0a320002cb0071070800a1f812340001"),
                translated(error, OUTER_4, endpoints("10.50.0.2", 0x1234, "203.0.113.7", 0x1234)));
    }

    /** RFC 4443 section 2.3: this one's checksum covers the addresses too. */
    @Test
    void givesAQuotedIcmpv6EchoItsIdentifierBack() {
        byte[] error =
                hex(
                        "60012345003d3a4020010db800990000000000000000000120010db8aaaa0000",
                        "00000000000000070300387e0000000060012345000d3a4020010db8aaaa0000",
                        "000000000000000720010db8ffff000000000000000000078000e5b950000001",
                        "68656c6c6f");

        assertArrayEquals(
                hex(
                        "60012345003d3a4020010db800990000000000000000000120010db800000000",
                        "00000000000000020300e32d0000000060012345000d3a4020010db800000000",
                        "000000000000000220010db8ffff000000000000000000078000ce3512340001",
                        "68656c6c6f"),
                translated(
                        error,
                        OUTER_6,
                        endpoints("2001:db8::2", 0x1234, "2001:db8:ffff::7", 0x1234)));
    }

    /** RFC 5508 REQ-3 b. */
    @Test
    @Tag("rfc5508-req-3-b")
    void passesOverTheOptionsOfTheQuotedHeader() {
        byte[] error =
                hex(
                        "450000401c464000400131d9c0000263c63364070303a7300000000047000029",
                        "1c46400040112036c6336407cb00710794040000010101004e2101bb000d05e3");

        assertArrayEquals(
                hex(
                        "450000401c464000400151e0c00002630a320002030387290000000047000029",
                        "1c4640004011403d0a320002cb00710794040000010101009c4001bb000dd7ca"),
                translated(error, OUTER_4, endpoints("10.50.0.2", 40_000, "203.0.113.7", 443)));
    }

    /** RFC 5508 REQ-4 a: its header is reverted, of which only the checksum has changed. */
    @Test
    void mendsTheChecksumOfQuotedDccpOfWhichEightBytesAreLeft() {
        byte[] error =
                hex(
                        "450000381c464000400131e1c0000263c63364070303394e0000000045000028",
                        "1c4640004021b82cc6336407cb0071079c4001bb040021b3");

        assertArrayEquals(
                hex(
                        "450000381c464000400151e8c00002630a320002030319470000000045000028",
                        "1c4640004021d8330a320002cb0071079c4001bb040041ba"),
                translated(error, OUTER_4, endpoints("10.50.0.2", 0, "203.0.113.7", 0)));
    }

    @Test
    void mendsTheChecksumOfQuotedUdpLite() {
        byte[] error =
                hex(
                        "60012345003d3a4020010db800990000000000000000000120010db8aaaa0000",
                        "00000000000000070104ecc70000000060012345000d884020010db8aaaa0000",
                        "000000000000000720010db8ffff000000000000000000079c4001bb00001772",
                        "68656c6c6f");

        assertArrayEquals(
                hex(
                        "60012345003d3a4020010db800990000000000000000000120010db800000000",
                        "0000000000000002010497770000000060012345000d884020010db800000000",
                        "000000000000000220010db8ffff000000000000000000079c4001bb0000c221",
                        "68656c6c6f"),
                translated(error, OUTER_6, endpoints("2001:db8::2", 0, "2001:db8:ffff::7", 0)));
    }

    @Test
    void givesAQuotedTunnelItsAddressesBack() {
        byte[] error =
                hex(
                        "6001234500383a4020010db800990000000000000000000120010db8aaaa0000",
                        "0000000000000007010016ec000000006001234500082f4020010db8aaaa0000",
                        "000000000000000720010db8ffff00000000000000000007200008000000002a");

        assertArrayEquals(
                hex(
                        "6001234500383a4020010db800990000000000000000000120010db800000000",
                        "000000000000000201006c4b000000006001234500082f4020010db800000000",
                        "000000000000000220010db8ffff00000000000000000007200008000000002a"),
                translated(error, OUTER_6, endpoints("2001:db8::2", 0, "2001:db8:ffff::7", 0)));
    }

    /** RFC 5508 REQ-3 a: the caller drops what this names. */
    @Test
    void hasACallerThatIsToldOfAWrongQuotedHeaderChecksum() {
        byte[] offending = Packets.random(random, false, IpProtocol.UDP, Checksum.COMPLETE);
        offending[8] ^= 1;
        IpPacket error = Packets.wrap(errorAbout(offending, offending.length, false, OUTER_4));

        assertEquals(
                Defect.HEADER_CHECKSUM,
                new IpPacket().wrapQuoted(error.bytes(), 28, error.length() - 28));
    }

    /** RFC 5508 REQ-3 c: it is carried along, right or wrong. */
    @Test
    @Tag("rfc5508-req-3-c")
    void doesNotJudgeAQuotedTransportChecksum() {
        byte[] offending = Packets.random(random, false, IpProtocol.UDP, Checksum.COMPLETE);
        Endpoints inner = Packets.randomEndpoints(random, false);
        byte[] wrong = offending.clone();
        wrong[Packets.transport(offending) + 6] ^= 4;

        byte[] after = translated(errorAbout(wrong, wrong.length, false, OUTER_4), OUTER_4, inner);

        assertTrue(Packets.wrap(after).transportChecksumValid());
        byte[] quote = Arrays.copyOfRange(after, 28, after.length);
        assertFalse(Packets.wrap(quote).transportChecksumValid());
        assertEquals(inner, Packets.endpoints(quote));
    }

    /** RFC 4884, RFC 5508 REQ-3 d: what follows the quote stays as it is, and is summed. */
    @Test
    @Tag("rfc5508-req-3-d")
    void leavesExtensionsBehindTheQuoteAlone() {
        byte[] offending = Packets.random(random, false, IpProtocol.UDP, Checksum.COMPLETE);
        Endpoints inner = Packets.randomEndpoints(random, false);
        byte[] padded = Arrays.copyOf(offending, 400);
        Arrays.fill(padded, 300, 400, (byte) 0x77);

        byte[] after = translated(errorAbout(padded, 400, false, OUTER_4), OUTER_4, inner);

        byte[] expected = Arrays.copyOf(Packets.with(offending, inner, Checksum.COMPLETE), 400);
        Arrays.fill(expected, 300, 400, (byte) 0x77);
        assertArrayEquals(expected, Arrays.copyOfRange(after, 28, after.length));
        assertTrue(Packets.wrap(after).transportChecksumValid());
    }

    @Test
    void givesAQuotedLaterFragmentItsAddressesBackAndNothingElse() {
        byte[] fragment = hex("4500001c1c4620014011d847c6336407cb00710768656c6c6f212121");
        Endpoints inner = endpoints("10.50.0.2", 40_000, "203.0.113.7", 443);

        byte[] after = translated(errorAbout(fragment, 28, false, OUTER_4), OUTER_4, inner);

        assertArrayEquals(
                hex("4500001c1c4620014011f84e0a320002cb00710768656c6c6f212121"),
                Arrays.copyOfRange(after, 28, 56));
    }

    private byte[] errorAbout(byte[] offending, int quoted, boolean ipv6, Endpoints outer) {
        return Packets.error(
                ipv6, ipv6 ? 1 : 3, random.nextInt(5), Arrays.copyOf(offending, quoted), outer);
    }

    @Test
    @Tag("rfc5508-req-4-a")
    @Tag("rfc5508-req-4-b")
    @Tag("rfc5508-req-5-a")
    @Tag("rfc5508-req-5-b")
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
