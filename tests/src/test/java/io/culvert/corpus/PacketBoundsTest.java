package io.culvert.corpus;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * No bytes make the packet view throw, read outside the packet, or answer by what lies around it.
 */
class PacketBoundsTest {
    private static final int BEFORE = 64;
    private static final int AFTER = 256;
    private static final int SEEDS = 50;
    private static final int LONGEST_SEED = 200;

    private final Reading reading = new Reading();

    @Test
    void answersTheSameWhateverLiesAroundThePacket() {
        for (CorpusPacket each : CorpusPacket.all()) {
            String alone = reading.of(each.bytes(), 0, each.length());

            assertEquals(alone, amid((byte) 0x00, each), each::toString);
            assertEquals(alone, amid((byte) 0xff, each), each::toString);
        }
    }

    @Test
    void answersEveryTruncation() {
        for (CorpusPacket seed : seeds()) {
            for (int length = 0; length <= seed.length(); length++) {
                // A slice has no byte beyond its length: reading there would throw.
                reading.of(seed.bytes().slice(0, length), 0, length);
            }
        }
    }

    @Test
    void answersEveryEditOfOneByte() {
        for (CorpusPacket seed : seeds()) {
            ByteBuffer bytes =
                    ByteBuffer.allocate(seed.length()).put(0, seed.bytes(), 0, seed.length());
            for (int at = 0; at < seed.length(); at++) {
                byte before = bytes.get(at);
                for (int value = 0; value < 256; value++) {
                    reading.of(bytes.put(at, (byte) value), 0, seed.length());
                }
                bytes.put(at, before);
            }
        }
    }

    /** A wrong header checksum hides what comes after: with it mended, edits go deeper. */
    @Test
    void answersEveryEditOfOneByteUnderATrueHeaderChecksum() {
        for (CorpusPacket seed : seeds()) {
            if (seed.bytes().get(0) >>> 4 != 4) continue;
            ByteBuffer bytes =
                    ByteBuffer.allocate(seed.length()).put(0, seed.bytes(), 0, seed.length());
            for (int at = 0; at < Math.min(60, seed.length()); at++) {
                byte before = bytes.get(at);
                for (int value = 0; value < 256; value++) {
                    bytes.put(at, (byte) value);
                    Ipv4Checksum.mend(bytes);
                    reading.of(bytes, 0, seed.length());
                }
                bytes.put(at, before);
            }
        }
    }

    private String amid(byte poison, CorpusPacket packet) {
        ByteBuffer around = ByteBuffer.allocate(BEFORE + packet.length() + AFTER);
        for (int i = 0; i < around.limit(); i++) around.put(i, poison);
        around.put(BEFORE, packet.bytes(), 0, packet.length());
        return reading.of(around, BEFORE, packet.length());
    }

    /** Short ones of as many shapes, spread over the whole corpus; always the same. */
    private static List<CorpusPacket> seeds() {
        List<CorpusPacket> candidates = new ArrayList<>();
        for (CorpusPacket each : CorpusPacket.all()) {
            if (each.length() >= 20 && each.length() <= LONGEST_SEED) candidates.add(each);
        }
        Collections.shuffle(candidates, new Random(7));
        return candidates.subList(0, SEEDS);
    }
}
