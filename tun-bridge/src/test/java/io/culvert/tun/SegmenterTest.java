package io.culvert.tun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.tun.Packet.Segmentation;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** The expected bytes were computed by an independent program, from RFC 791, 9293, 768 and 8200. */
class SegmenterTest {
    private final Packet scratch = new Packet();

    @Test
    void countsSequenceAndIdentificationOnAndKeepsCwrFirstPshAndFinLastOverIpv4() {
        Packet packet =
                Bytes.packet(
                                "4503003fffff40004006b6b2c0000201c0000202",
                                "10920050fffffffc0102030480d92000843500000101080a000000010000000261626364",
                                "65666768696a6b")
                        .partialChecksum(20, 16)
                        .segments(Segmentation.TCP, 4, 52);
        assertEquals(
                List.of(
                        "45030038ffff40004006b6b9c0000201c0000202"
                            + "10920050fffffffc0102030480d02000f84600000101080a000000010000000261626364",
                        "45030038000040004006b6b9c0000201c0000202"
                            + "10920050000000000102030480502000f0bb00000101080a000000010000000265666768",
                        "45030037000140004006b6b9c0000201c0000202"
                            + "10920050000000040102030480592000e91300000101080a0000000100000002696a6b"),
                Bytes.segments(packet));
    }

    @Test
    void doesTheSameOverIpv6WhichHasNoIdentification() {
        Packet packet =
                Bytes.packet(
                                "60300000002b064020010db800000000000000000000000120010db80000000000000000",
                                "00000002",
                                "10920050fffffffc0102030480d920005ba600000101080a000000010000000261626364",
                                "65666768696a6b")
                        .partialChecksum(40, 16)
                        .segments(Segmentation.TCP, 4, 72);
        assertEquals(
                List.of(
                        "603000000024064020010db800000000000000000000000120010db80000000000000000"
                            + "00000002"
                            + "10920050fffffffc0102030480d0200020d600000101080a000000010000000261626364",
                        "603000000024064020010db800000000000000000000000120010db80000000000000000"
                            + "00000002"
                            + "10920050000000000102030480502000194b00000101080a000000010000000265666768",
                        "603000000023064020010db800000000000000000000000120010db80000000000000000"
                            + "00000002"
                            + "1092005000000004010203048059200011a300000101080a0000000100000002696a6b"),
                Bytes.segments(packet));
    }

    @Test
    void givesEachDatagramItsLengthOverIpv4() {
        Packet packet =
                Bytes.packet(
                                "45030027000740004011b6b8c0000201c0000202",
                                "10920035001384286162636465666768696a6b")
                        .partialChecksum(20, 6)
                        .segments(Segmentation.UDP, 4, 28);
        assertEquals(
                List.of(
                        "45030020000740004011b6bfc0000201c0000202" + "10920035000ca64461626364",
                        "45030020000840004011b6bec0000201c0000202" + "10920035000c9e3c65666768",
                        "4503001f000940004011b6bec0000201c0000202" + "10920035000b96a2696a6b"),
                Bytes.segments(packet));
    }

    @Test
    void givesEachDatagramItsLengthOverIpv6() {
        Packet packet =
                Bytes.packet(
                                "603000000013114020010db800000000000000000000000120010db80000000000000000",
                                "00000002",
                                "1092003500135b996162636465666768696a6b")
                        .partialChecksum(40, 6)
                        .segments(Segmentation.UDP, 4, 48);
        assertEquals(
                List.of(
                        "60300000000c114020010db800000000000000000000000120010db80000000000000000"
                                + "00000002"
                                + "10920035000cced361626364",
                        "60300000000c114020010db800000000000000000000000120010db80000000000000000"
                                + "00000002"
                                + "10920035000cc6cb65666768",
                        "60300000000b114020010db800000000000000000000000120010db80000000000000000"
                                + "00000002"
                                + "10920035000bbf31696a6b"),
                Bytes.segments(packet));
    }

    @Test
    void keepsDatagramsWithoutAChecksumSo() {
        Packet packet =
                Bytes.packet(
                                "45030022000740004011b6bdc0000201c0000202",
                                "10920035000e0000616263646566")
                        .segments(Segmentation.UDP, 4, 28);
        assertEquals(
                List.of(
                        "45030020000740004011b6bfc0000201c0000202" + "10920035000c000061626364",
                        "4503001e000840004011b6c0c0000201c0000202" + "10920035000a00006566"),
                Bytes.segments(packet));
    }

    @Test
    void computesChecksumsAnewWhereTheSuperPacketsWasComplete() {
        Packet packet =
                Bytes.packet(
                                "45030022000740004011b6bdc0000201c0000202",
                                "10920035000e40da616263646566")
                        .segments(Segmentation.UDP, 4, 28);
        assertEquals(
                List.of(
                        "45030020000740004011b6bfc0000201c0000202" + "10920035000ca64461626364",
                        "4503001e000840004011b6c0c0000201c0000202" + "10920035000a05a96566"),
                Bytes.segments(packet));
    }

    @Test
    void passesABrokenChecksumOnBroken() {
        byte[] bytes =
                Bytes.of(
                        "4503 0027 0007 4000 4011 b6b8 c000 0201 c000 0202",
                        "1092 0035 0013 8428 6162 6364 6566 6768 696a 6b");
        bytes[10] ^= 1; // IPv4 header
        bytes[26] ^= 1; // UDP
        Packet packet = new Packet().plain(bytes.length);
        packet.bytes().put(Packet.OFFSET, bytes);
        packet.partialChecksum(20, 6).segments(Segmentation.UDP, 4, 28);
        String first = Bytes.segments(packet).getFirst();
        assertEquals("b7bf", first.substring(20, 24), "b6bf is right");
        assertEquals("a544", first.substring(52, 56), "a644 is right");
    }

    @Test
    void trustsNoHeaderLengthButTheHeadersOwn() {
        Packet packet =
                Bytes.packet(
                        "4503 0027 0007 4000 4011 b6b8 c000 0201 c000 0202",
                        "1092 0035 0013 8428 6162 6364 6566 6768 696a 6b");
        packet.partialChecksum(20, 6).segments(Segmentation.UDP, 4, 60_000);
        assertEquals(3, Bytes.segments(packet).size());
    }

    @Test
    void givesEachPacketAnewWhateverBecameOfTheOneBefore() {
        Packet packet =
                Bytes.packet(
                        "4503 0027 0007 4000 4011 b6b8 c000 0201 c000 0202",
                        "1092 0035 0013 8428 6162 6364 6566 6768 696a 6b");
        packet.partialChecksum(20, 6).segments(Segmentation.UDP, 4, 28);
        List<String> untouched = Bytes.segments(packet);
        List<String> segments = new ArrayList<>();
        new Segmenter()
                .cut(
                        packet,
                        segment -> {
                            segments.add(Bytes.hex(segment));
                            segment.bytes().put(Packet.OFFSET, new byte[segment.length()]);
                        });
        assertEquals(untouched, segments);
    }

    @Test
    void cutsNothingThatIsNoSuchSuperPacket() {
        String ip = "4503 0027 0007 4000 4011 b6b8 c000 0201 c000 0202";
        String udp = "1092 0035 0013 8428 6162 6364 6566 6768 696a 6b";
        assertEquals(List.of(), Bytes.segments(Bytes.packet(ip, udp)), "not a super-packet");
        assertEquals(
                List.of(),
                Bytes.segments(Bytes.packet(ip, udp).segments(Segmentation.TCP, 4, 28)),
                "UDP, not TCP");
        assertEquals(
                List.of(),
                Bytes.segments(
                        Bytes.packet(ip, udp)
                                .partialChecksum(20, 16)
                                .segments(Segmentation.UDP, 4, 28)),
                "a checksum elsewhere");
        assertEquals(
                List.of(),
                Bytes.segments(
                        Bytes.packet(ip.replace("4000 4011", "2000 4011"), udp)
                                .segments(Segmentation.UDP, 4, 28)),
                "a fragment");
    }

    @Test
    void takesAnyBytesForData() {
        SplittableRandom random = new SplittableRandom(1);
        Segmenter segmenter = new Segmenter();
        int cut = 0;
        for (int i = 0; i < 200_000; i++) {
            byte[] bytes = new byte[random.nextInt(120)];
            random.nextBytes(bytes);
            Packet packet = scratch.plain(bytes.length);
            packet.bytes().put(Packet.OFFSET, bytes);
            if (bytes.length > 20 && random.nextBoolean()) {
                packet.bytes().put(Packet.OFFSET, (byte) (random.nextBoolean() ? 0x45 : 0x60));
                packet.bytes().putShort(Packet.OFFSET + 6, (short) ((random.nextInt(3) << 10) | 6));
                packet.bytes().put(Packet.OFFSET + 9, (byte) (random.nextBoolean() ? 6 : 17));
            }
            packet.segments(
                    random.nextBoolean() ? Segmentation.TCP : Segmentation.UDP,
                    random.nextInt(100),
                    random.nextInt(200));
            cut += segmenter.cut(packet, segment -> assertFalse(segment.checksumPartial()));
        }
        assertTrue(cut > 0);
    }
}
