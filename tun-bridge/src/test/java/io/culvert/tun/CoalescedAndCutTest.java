package io.culvert.tun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.tun.Packet.Segmentation;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Whatever a link brings, cutting what the {@link Coalescer} makes of it gives back each packet
 * byte by byte, and in each flow in the same order.
 */
class CoalescedAndCutTest {
    private static final int BATCHES = 1_500;
    private static final int FLOWS = 12;
    private static final int LONGEST_BATCH = 120;

    private final Coalescer coalescer = new Coalescer();
    private final Segmenter segmenter = new Segmenter();
    private final Packet arriving = new Packet();
    private final TestPacket[] flows = new TestPacket[FLOWS];

    /** What each packet of a flow has, at least. */
    private final int[] flags = new int[FLOWS];

    private List<String> given = new ArrayList<>();
    private List<String> cut = new ArrayList<>();
    private SplittableRandom random = new SplittableRandom();
    private int superPackets;
    private int alone;

    @ParameterizedTest(name = "one packet in {0} is odd")
    @ValueSource(ints = {2, 5, 20, 1_000})
    void givesBackTheVerySamePackets(int oddity) {
        for (int seed = 0; seed < BATCHES; seed++) {
            random = new SplittableRandom(seed);
            given = new ArrayList<>();
            cut = new ArrayList<>();
            batch(oddity);
            coalescer.flush(this::handle);
            int number = seed;
            assertEquals(byFlow(given), byFlow(cut), () -> "batch " + number);
        }
        assertTrue(superPackets > BATCHES, () -> superPackets + " super-packets");
        assertTrue(alone > BATCHES, () -> alone + " packets alone");
    }

    private void batch(int oddity) {
        int count = random.nextInt(LONGEST_BATCH);
        int active = 1 + random.nextInt(FLOWS);
        for (int i = 0; i < FLOWS; i++) {
            flows[i] = flow(i);
        }
        for (int i = 0; i < count; i++) {
            int flow = random.nextInt(active);
            TestPacket packet = flows[flow];
            take(random.nextInt(oddity) == 0 ? odd(packet) : packet.bytes());
            flows[flow] = following(packet);
            flows[flow].flags |= flags[flow];
        }
    }

    private TestPacket flow(int number) {
        TestPacket packet = new TestPacket(random.nextBoolean(), random.nextBoolean());
        packet.host = number % 3;
        packet.sourcePort += number;
        packet.sequence = random.nextInt(4) == 0 ? -random.nextInt(5_000) : random.nextInt();
        packet.identification = random.nextInt(4) == 0 ? 0xfff0 : random.nextInt(0x10000);
        packet.fragment = random.nextInt(3) == 0 ? 0 : 0x4000;
        if (random.nextInt(8) == 0) {
            packet.fragment |= 0x8000;
        }
        flags[number] = random.nextInt(6) == 0 ? random.nextInt(256) : 0x10;
        packet.flags = flags[number];
        packet.options = random.nextBoolean() ? new byte[0] : packet.options;
        packet.payload = payload(1 + random.nextInt(random.nextInt(8) == 0 ? 20_000 : 1_448));
        return packet;
    }

    private TestPacket following(TestPacket packet) {
        int length = packet.payload.length;
        TestPacket next =
                packet.next(payload(random.nextInt(12) == 0 ? random.nextInt(1_448) : length));
        // Every third flow of the sources counts nothing on, as those do which send zero always.
        if (packet.sourcePort % 3 == 0) {
            next.identification = packet.identification;
        }
        next.flags = random.nextInt(20) == 0 ? 0x18 : 0x10;
        return next;
    }

    private byte[] payload(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    /** The packet with one thing odd about it; what follows in its flow is as if it were not. */
    private byte[] odd(TestPacket like) {
        TestPacket packet = copy(like);
        switch (random.nextInt(30)) {
            case 0 -> packet.hopLimit = random.nextInt(256);
            case 1 -> packet.trafficClass = random.nextInt(256);
            case 2 -> packet.flowLabel = random.nextInt(1 << 20);
            case 3 -> packet.identification += random.nextInt(3) - 1;
            case 4 -> packet.fragment = random.nextInt(0x10000);
            case 5 -> packet.fragment ^= 0x4000;
            case 6 -> packet.ipOptions = packet.ipv6 ? new byte[8] : Bytes.of("01010100");
            case 7 -> packet.sequence += random.nextInt(5) - 2;
            case 8 -> packet.acknowledgment++;
            case 9 -> packet.reserved = random.nextInt(16);
            case 10 -> packet.flags = random.nextInt(256);
            case 11 -> packet.flags = 0x10 | 1 << random.nextInt(8);
            case 12 -> packet.window = random.nextInt(0x10000);
            case 13 -> packet.urgentPointer = random.nextInt(0x10000);
            case 14 -> packet.options = payload(4 * random.nextInt(11));
            case 15 -> packet.payload = new byte[0];
            case 16 -> packet.payload = payload(random.nextInt(3_000));
            case 17 -> packet.trailer = payload(1 + random.nextInt(9));
            case 18 -> packet.ipLengthError = random.nextInt(100) - 50;
            case 19 -> packet.udpLengthError = random.nextInt(100) - 50;
            case 20 -> packet.ipChecksumError = 1 + random.nextInt(0xffff);
            case 21 -> packet.checksumError = 1 + random.nextInt(0xffff);
            case 22 -> packet.unsummed = true;
            case 23 -> packet.withZeroChecksum();
            case 24 -> packet.withZeroChecksum().otherZero = true;
            case 25 -> withZeroIpChecksum(packet).otherIpZero = random.nextBoolean();
            case 26 -> packet.options = payload(packet.options.length);
            case 27 -> {
                return cutOff(packet.bytes());
            }
            case 28 -> {
                return damaged(packet.bytes());
            }
            default -> {
                return payload(random.nextInt(100));
            }
        }
        return packet.bytes();
    }

    private static TestPacket withZeroIpChecksum(TestPacket packet) {
        return packet.ipv6 ? packet : packet.withZeroIpChecksum();
    }

    private static TestPacket copy(TestPacket packet) {
        TestPacket copy = packet.next(packet.payload.clone());
        copy.sequence = packet.sequence;
        copy.identification = packet.identification;
        copy.flags = packet.flags;
        return copy;
    }

    private byte[] cutOff(byte[] bytes) {
        return Arrays.copyOf(bytes, random.nextInt(bytes.length));
    }

    private byte[] damaged(byte[] bytes) {
        bytes[random.nextInt(Math.min(80, bytes.length))] ^= (byte) (1 << random.nextInt(8));
        return bytes;
    }

    private void take(byte[] bytes) {
        given.add(HexFormat.of().formatHex(bytes));
        arriving.plain(bytes.length).bytes().put(Packet.OFFSET, bytes);
        coalescer.take(arriving, this::handle);
    }

    private void handle(Packet packet) {
        if (packet.segmentation() == Segmentation.NONE) {
            cut.add(Bytes.hex(packet));
            alone++;
        } else {
            assertTrue(packet.length() <= 65_535);
            assertEquals(packet.packets(), segmenter.cut(packet, each -> cut.add(Bytes.hex(each))));
            superPackets++;
        }
    }

    /**
     * By the protocol, the addresses and what would be the ports behind a bare IP header, as hex
     * digits; what is too short for that is by itself.
     */
    private static Map<String, List<String>> byFlow(List<String> packets) {
        Map<String, List<String>> flows = new LinkedHashMap<>();
        for (String packet : packets) {
            flows.computeIfAbsent(flow(packet), key -> new ArrayList<>()).add(packet);
        }
        return Map.copyOf(flows);
    }

    private static String flow(String packet) {
        if (packet.startsWith("45") && packet.length() >= 48) {
            return packet.substring(18, 20) + packet.substring(24, 48);
        }
        if (packet.startsWith("6") && packet.length() >= 88) {
            return packet.substring(12, 14) + packet.substring(16, 88);
        }
        return packet;
    }
}
