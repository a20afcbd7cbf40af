package io.culvert.tun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.tun.Packet.Segmentation;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The literal packets were computed by an independent program, from RFC 791, 9293, 768 and 8200.
 */
class CoalescerTest {
    private static final String IPV6 =
            "20010db800000000000000000000000120010db8000000000000000000000002";
    private static final int PSH_ACK = 0x18;

    private final Coalescer coalescer = new Coalescer();
    private final Packet arriving = new Packet();
    private final List<String> given = new ArrayList<>();

    /** Super-packets as such, with how many packets are in each. */
    private final List<Integer> sizes = new ArrayList<>();

    private final List<String> handed = new ArrayList<>();
    private final List<String> cut = new ArrayList<>();
    private final Segmenter segmenter = new Segmenter();

    private void take(String... hex) {
        take(Bytes.of(hex));
    }

    private void take(TestPacket packet) {
        take(packet.bytes());
    }

    private void take(byte[] bytes) {
        given.add(HexFormat.of().formatHex(bytes));
        arriving.plain(bytes.length).bytes().put(Packet.OFFSET, bytes);
        coalescer.take(arriving, this::handle);
    }

    private void flush() {
        coalescer.flush(this::handle);
    }

    private void handle(Packet packet) {
        sizes.add(packet.packets());
        handed.add(Bytes.hex(packet));
        if (packet.segmentation() == Segmentation.NONE) {
            assertFalse(packet.checksumPartial());
            cut.add(Bytes.hex(packet));
        } else {
            assertEquals(packet.packets(), segmenter.cut(packet, each -> cut.add(Bytes.hex(each))));
        }
    }

    private static byte[] text(String payload) {
        return payload.getBytes(StandardCharsets.US_ASCII);
    }

    private static TestPacket withFlags(TestPacket packet, int flags) {
        packet.flags = flags;
        return packet;
    }

    private static TestPacket numbered(TestPacket packet, int identification) {
        packet.identification = identification;
        return packet;
    }

    @Test
    void makesOneOfSegmentsInARowOverIpv4() {
        take(
                "45020038ffff40004006b6bac0000201c0000202",
                "9c4001bbfffffffc01020304801020006bed00000101080a000000010000000261626364");
        take(
                "45020038000040004006b6bac0000201c0000202",
                "9c4001bb00000000010203048010200063e200000101080a000000010000000265666768");
        assertEquals(List.of(), handed);
        coalescer.flush(
                packet -> {
                    assertEquals(Segmentation.TCP, packet.segmentation());
                    assertEquals(4, packet.segmentSize());
                    assertEquals(52, packet.headerLength());
                    assertTrue(packet.checksumPartial());
                    assertEquals(20, packet.checksumStart());
                    assertEquals(16, packet.checksumOffset());
                    assertFalse(packet.congestionExperienced());
                    assertFalse(packet.fixedIdentification());
                    assertEquals(2, packet.packets());
                });
    }

    @Test
    void endsTheRunWithPshWhichTheWholeCarries() {
        take(
                "45020038ffff40004006b6bac0000201c0000202",
                "9c4001bbfffffffc01020304801020006bed00000101080a000000010000000261626364");
        take(
                "45020038000040004006b6bac0000201c0000202",
                "9c4001bb00000000010203048010200063e200000101080a000000010000000265666768");
        take(
                "45020036000140004006b6bbc0000201c0000202",
                "9c4001bb000000040102030480182000c73c00000101080a0000000100000002696a");
        assertEquals(
                List.of(
                        "4502003effff40004006b6b4c0000201c0000202"
                                + "9c4001bbfffffffc0102030480182000843400000101080a0000000100000002"
                                + "6162636465666768696a"),
                handed);
        assertEquals(given, cut);
    }

    @Test
    void keepsAnIdentificationThatStaysTheSame() {
        take(
                "45020038ffff40004006b6bac0000201c0000202",
                "9c4001bbfffffffc01020304801020006bed00000101080a000000010000000261626364");
        take(
                "45020038ffff40004006b6bac0000201c0000202",
                "9c4001bb00000000010203048010200063e200000101080a000000010000000265666768");
        take(
                "45020036ffff40004006b6bcc0000201c0000202",
                "9c4001bb000000040102030480182000c73c00000101080a0000000100000002696a");
        assertEquals(
                List.of(
                        "4502003effff40004006b6b4c0000201c0000202"
                                + "9c4001bbfffffffc0102030480182000843400000101080a0000000100000002"
                                + "6162636465666768696a"),
                handed);
        assertEquals(given, cut);
    }

    @Test
    void doesTheSameOverIpv6() {
        take(
                "602abcde00240640" + IPV6,
                "9c4001bbfffffffc0102030480102000947c00000101080a000000010000000261626364");
        take(
                "602abcde00240640" + IPV6,
                "9c4001bb0000000001020304801020008c7100000101080a000000010000000265666768");
        take(
                "602abcde00220640" + IPV6,
                "9c4001bb000000040102030480182000efcb00000101080a0000000100000002696a");
        assertEquals(
                List.of(
                        "602abcde002a0640"
                                + IPV6
                                + "9c4001bbfffffffc01020304801820005ba500000101080a0000000100000002"
                                + "6162636465666768696a"),
                handed);
        assertEquals(given, cut);
    }

    @Test
    void makesOneOfDatagramsOverIpv4() {
        take("45030020000740004011b6bfc0000201c0000202", "10920035000ca64461626364");
        take("45030020000840004011b6bec0000201c0000202", "10920035000c9e3c65666768");
        take("4503001f000940004011b6bec0000201c0000202", "10920035000b96a2696a6b");
        assertEquals(
                List.of(
                        "45030027000740004011b6b8c0000201c0000202"
                                + "10920035001384286162636465666768696a6b"),
                handed);
        assertEquals(given, cut);
    }

    @Test
    void makesOneOfDatagramsOverIpv6() {
        take("60300000000c1140" + IPV6, "10920035000cced361626364");
        take("60300000000c1140" + IPV6, "10920035000cc6cb65666768");
        take("60300000000b1140" + IPV6, "10920035000bbf31696a6b");
        assertEquals(
                List.of("6030000000131140" + IPV6 + "1092003500135b996162636465666768696a6b"),
                handed);
        assertEquals(given, cut);
    }

    /** A change to the second of three packets by which it is part of no run with the first. */
    static Stream<Arguments> whatKeepsSegmentsApart() {
        return Stream.of(
                        change("another time to live", packet -> packet.hopLimit--),
                        change("another DSCP", packet -> packet.trafficClass ^= 0x20),
                        change("congestion was experienced", packet -> packet.trafficClass = 3),
                        change("a gap", packet -> packet.sequence++),
                        change("data seen before", packet -> packet.sequence--),
                        change("another acknowledgment", packet -> packet.acknowledgment++),
                        change("another window", packet -> packet.window++),
                        change("an urgent pointer", packet -> packet.urgentPointer = 1),
                        change("a reserved bit", packet -> packet.reserved = 1),
                        change("FIN", packet -> packet.flags |= 0x01),
                        change("SYN", packet -> packet.flags |= 0x02),
                        change("RST", packet -> packet.flags |= 0x04),
                        change("URG", packet -> packet.flags |= 0x20),
                        change("ECE", packet -> packet.flags |= 0x40),
                        change("CWR", packet -> packet.flags |= 0x80),
                        change("no ACK", packet -> packet.flags = 0),
                        change(
                                "another timestamp",
                                packet -> packet.options = Bytes.of("0101080a0000000200000002")),
                        change(
                                "more options",
                                packet ->
                                        packet.options =
                                                Bytes.of("01010101 0101080a0000000100000002")),
                        change("no options", packet -> packet.options = new byte[0]),
                        change("no payload", packet -> packet.payload = new byte[0]),
                        change("a wrong checksum", packet -> packet.checksumError = 1),
                        change("a trailer", packet -> packet.trailer = new byte[2]),
                        change("too short a length", packet -> packet.ipLengthError = -1),
                        change("too great a length", packet -> packet.ipLengthError = 1),
                        change(
                                "a checksum that is not written so",
                                packet -> packet.withZeroChecksum().otherZero = true))
                .flatMap(
                        each ->
                                Stream.of(false, true)
                                        .map(
                                                ipv6 ->
                                                        Arguments.of(
                                                                each.get()[0],
                                                                ipv6,
                                                                each.get()[1])));
    }

    private static Arguments change(String name, Consumer<TestPacket> change) {
        return Arguments.of(name, change);
    }

    @ParameterizedTest(name = "{0}, IPv6 {1}")
    @MethodSource("whatKeepsSegmentsApart")
    void keepsSegmentsApartBy(String name, boolean ipv6, Consumer<TestPacket> change) {
        TestPacket first = new TestPacket(ipv6, true);
        TestPacket second = first.next(text("efgh"));
        TestPacket third = second.next(text("ijkl"));
        change.accept(second);
        take(first);
        take(second);
        take(third);
        flush();
        assertEquals(List.of(1, 1, 1), sizes, name);
        assertEquals(given, handed);
    }

    /** What keeps packets apart even where all of them have it. */
    static Stream<Arguments> whatIsNeverMerged() {
        return Stream.of(
                change("FIN", packet -> packet.flags |= 0x01),
                change("SYN", packet -> packet.flags |= 0x02),
                change("RST", packet -> packet.flags |= 0x04),
                change("PSH", packet -> packet.flags |= 0x08),
                change("URG", packet -> packet.flags |= 0x20),
                change("CWR", packet -> packet.flags |= 0x80),
                change("no ACK", packet -> packet.flags = 0),
                change("the reserved bit", packet -> packet.fragment |= 0x8000),
                change("IP options", packet -> packet.ipOptions = Bytes.of("01010101")),
                change("a wrong checksum", packet -> packet.checksumError = 1));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("whatIsNeverMerged")
    void keepsApartWhatIsAlikeIn(String name, Consumer<TestPacket> change) {
        TestPacket packet = new TestPacket(false, true);
        for (String payload : List.of("efgh", "ijkl", "mnop")) {
            change.accept(packet);
            take(packet);
            packet = packet.next(text(payload));
        }
        flush();
        assertEquals(List.of(1, 1, 1), sizes, name);
        assertEquals(given, handed);
    }

    static Stream<Arguments> whatKeepsDatagramsApart() {
        return Stream.of(
                        change("another hop limit", packet -> packet.hopLimit--),
                        change("congestion was experienced", packet -> packet.trafficClass = 3),
                        change("no payload", packet -> packet.payload = new byte[0]),
                        change("a wrong checksum", packet -> packet.checksumError = 1),
                        change("no checksum", packet -> packet.unsummed = true),
                        change("a trailer", packet -> packet.trailer = new byte[2]),
                        change("a trailer of UDP", packet -> packet.udpLengthError = -1),
                        change("too great a UDP length", packet -> packet.udpLengthError = 1))
                .flatMap(
                        each ->
                                Stream.of(false, true)
                                        .map(
                                                ipv6 ->
                                                        Arguments.of(
                                                                each.get()[0],
                                                                ipv6,
                                                                each.get()[1])));
    }

    @ParameterizedTest(name = "{0}, IPv6 {1}")
    @MethodSource("whatKeepsDatagramsApart")
    void keepsDatagramsApartBy(String name, boolean ipv6, Consumer<TestPacket> change) {
        TestPacket first = new TestPacket(ipv6, false);
        TestPacket second = first.next(text("efgh"));
        TestPacket third = second.next(text("ijkl"));
        change.accept(second);
        take(first);
        take(second);
        take(third);
        flush();
        assertEquals(List.of(1, 1, 1), sizes, name);
        assertEquals(given, handed);
    }

    static Stream<Arguments> whatKeepsIpv4PacketsApart() {
        return Stream.of(
                change("an identification left out", packet -> packet.identification += 5),
                change("fragments to come", packet -> packet.fragment = 0x2000),
                change("a later fragment", packet -> packet.fragment = 5),
                change("the reserved bit", packet -> packet.fragment |= 0x8000),
                change("it may be fragmented", packet -> packet.fragment = 0),
                change("IP options", packet -> packet.ipOptions = Bytes.of("01010101")),
                change("a wrong header checksum", packet -> packet.ipChecksumError = 1),
                change(
                        "a header checksum that is not written so",
                        packet -> packet.withZeroIpChecksum().otherIpZero = true));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("whatKeepsIpv4PacketsApart")
    void keepsIpv4PacketsApartBy(String name, Consumer<TestPacket> change) {
        for (boolean tcp : new boolean[] {false, true}) {
            TestPacket first = new TestPacket(false, tcp);
            TestPacket second = first.next(text("efgh"));
            TestPacket third = second.next(text("ijkl"));
            change.accept(second);
            take(first);
            take(second);
            take(third);
            flush();
        }
        assertEquals(List.of(1, 1, 1, 1, 1, 1), sizes, name);
        assertEquals(given, handed);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void keepsIpv6PacketsApartByFlowLabelAndExtensionHeaders(boolean tcp) {
        TestPacket first = new TestPacket(true, tcp);
        TestPacket second = first.next(text("efgh"));
        second.flowLabel++;
        TestPacket third = second.next(text("ijkl"));
        third.ipOptions = Bytes.of("00 00 01 04 00000000");
        TestPacket fourth = third.next(text("mnop"));
        Stream.of(first, second, third, fourth).forEach(this::take);
        flush();
        assertEquals(given, handed);
    }

    @ParameterizedTest
    @CsvSource({"false, false", "false, true", "true, false", "true, true"})
    void endsARunWithAShorterPacketAndBeginsOneWithALonger(boolean ipv6, boolean tcp) {
        TestPacket packet = new TestPacket(ipv6, tcp);
        take(packet);
        for (String payload : List.of("efgh", "ij", "kl", "m", "n", "opq", "rst")) {
            packet = packet.next(text(payload));
            take(packet);
        }
        flush();
        assertEquals(List.of(3, 2, 1, 2), sizes);
        assertEquals(given, cut);
    }

    @Test
    void handsOnAtOnceWhatBeginsWithPsh() {
        take(withFlags(new TestPacket(false, true), PSH_ACK));
        assertEquals(given, handed);
    }

    @Test
    void givesThePacketItselfWhereItIsNotHeld() {
        TestPacket packet = withFlags(new TestPacket(true, true), 0x02);
        byte[] bytes = packet.bytes();
        arriving.plain(bytes.length).bytes().put(Packet.OFFSET, bytes);
        coalescer.take(arriving, each -> assertSame(arriving, each));
    }

    @Test
    void mergesDatagramsThatMayBeFragmentedOnlyByIdentificationsInARow() {
        TestPacket first = new TestPacket(false, false);
        first.fragment = 0;
        take(first);
        take(numbered(first.next(text("efgh")), first.identification));
        flush();
        assertEquals(List.of(1, 1), sizes);

        take(first);
        take(first.next(text("efgh")));
        flush();
        assertEquals(List.of(1, 1, 2), sizes);
        assertEquals(given, cut);
    }

    @Test
    void staysWithTheWayOfIdentificationThatTheSecondShowed() {
        TestPacket first = new TestPacket(false, true);
        TestPacket second = numbered(first.next(text("efgh")), first.identification);
        TestPacket third = second.next(text("ijkl"));
        TestPacket fourth = numbered(third.next(text("mnop")), third.identification + 1);
        TestPacket fifth = numbered(fourth.next(text("qrst")), fourth.identification);
        Stream.of(first, second, third, fourth, fifth).forEach(this::take);
        flush();
        assertEquals(List.of(2, 2, 1), sizes);
        assertEquals(given, cut);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void mergesSegmentsThatAllEchoCongestion(boolean ipv6) {
        TestPacket packet = withFlags(new TestPacket(ipv6, true), 0x50);
        take(packet);
        take(withFlags(packet.next(text("efgh")), 0x50));
        flush();
        assertEquals(List.of(2), sizes);
        assertEquals(given, cut);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void holdsNoMoreThanAnIpPacketCanBe(boolean ipv6) {
        TestPacket packet = new TestPacket(ipv6, true);
        packet.payload = new byte[1448];
        take(packet);
        for (int i = 1; i < 46; i++) {
            packet = packet.next(new byte[1448]);
            take(packet);
        }
        flush();
        // 45 * 1448 = 65,160 and 52 or 72 bytes of headers
        assertEquals(List.of(45, 1), sizes);
        assertEquals(given, cut);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void holdsNoMoreDatagramsThanTheKernelDoes(boolean ipv6) {
        TestPacket packet = new TestPacket(ipv6, false);
        take(packet);
        for (int i = 1; i < 70; i++) {
            packet = packet.next(text("abcd"));
            take(packet);
        }
        assertEquals(List.of(64), sizes, "before the flush");
        flush();
        assertEquals(List.of(64, 6), sizes);
        assertEquals(given, cut);
    }

    @Test
    void mergesEachOfSeveralFlowsAndLetsTheOldestGiveWay() {
        TestPacket[] last = new TestPacket[9];
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < 8; i++) {
                last[i] = round == 0 ? ofFlow(i) : last[i].next(text("efgh"));
                take(last[i]);
            }
        }
        assertEquals(List.of(), sizes);
        take(ofFlow(8));
        assertEquals(List.of(2), sizes);
        assertEquals(List.of(given.get(0), given.get(8)), cut, "both packets of the first flow");
        flush();
        assertEquals(List.of(2, 2, 2, 2, 2, 2, 2, 2, 1), sizes);
        assertEquals(given.getLast(), cut.getLast());
    }

    /** Flows that differ in one thing each. */
    private static TestPacket ofFlow(int number) {
        TestPacket packet = new TestPacket(number % 2 == 1, number % 4 >= 2);
        if (number >= 4) {
            packet.host = 1;
        }
        if (number >= 8) {
            packet.destinationPort = 444;
        }
        return packet;
    }

    @Test
    void letsOtherFlowsBeWhenOneEnds() {
        TestPacket one = new TestPacket(false, true);
        TestPacket other = new TestPacket(false, true);
        other.sourcePort++;
        take(one);
        take(other);
        take(withFlags(one.next(new byte[0]), 0x11));
        assertEquals(List.of(given.get(0), given.get(2)), handed);
        take(other.next(text("efgh")));
        flush();
        assertEquals(List.of(1, 1, 2), sizes);
    }

    @Test
    void letsNoFragmentOvertakeAFlowBetweenTheSameAddresses() {
        TestPacket first = new TestPacket(false, false);
        TestPacket elsewhere = new TestPacket(false, false);
        elsewhere.host = 1;
        TestPacket fragment = new TestPacket(false, false);
        fragment.fragment = 3;
        fragment.sourcePort = 0x6162;
        take(first);
        take(elsewhere);
        take(fragment);
        assertEquals(List.of(given.get(0), given.get(2)), handed);
    }

    @Test
    void leavesAloneWhatIsAlreadyMoreThanAPlainPacket() {
        TestPacket first = new TestPacket(false, false);
        List<Packet> seen = new ArrayList<>();
        List<Packet> packets =
                List.of(
                        new Packet().plain(first.bytes().length).segments(Segmentation.UDP, 2, 28),
                        new Packet().plain(first.bytes().length).partialChecksum(20, 6),
                        new Packet().plain(first.bytes().length).fragments(2, 24));
        for (Packet packet : packets) {
            take(first);
            packet.bytes().put(Packet.OFFSET, first.bytes());
            coalescer.take(packet, seen::add);
            assertSame(packet, seen.getLast());
        }
        // The one that was held, and then the one that came.
        assertEquals(6, seen.size());
    }

    @Test
    void passesOnWhatIsNotIpAndWhatIsCutOff() {
        byte[] whole = new TestPacket(true, true).bytes();
        for (int length = 0; length < whole.length; length++) {
            take(Arrays.copyOf(whole, length));
        }
        whole[0] = 0x70;
        take(whole);
        assertEquals(given, handed);
    }
}
