package io.culvert.tun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.tun.FaultyDevice.Faults;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

class FaultyDeviceTest {
    private static final int COUNT = 100;

    @Test
    void changesNothingWithoutFaults() {
        assertEquals(sent(), through(Faults.NONE, 1));
    }

    @Test
    void doesTheSameAgainWithTheSameSeedAndOtherwiseWithAnother() {
        Faults faults = new Faults(0.1, 0.1, 0.1, 0.1, 0.1);
        assertEquals(through(faults, 7), through(faults, 7));
        assertNotEquals(through(faults, 7), through(faults, 8));
    }

    @Test
    void losesSome() {
        List<String> arrived = through(new Faults(0.5, 0, 0, 0, 0), 1);
        assertTrue(arrived.size() > 20 && arrived.size() < 80);
        assertTrue(sent().containsAll(arrived));
    }

    @Test
    void doublesSome() {
        assertEquals(2 * COUNT, through(new Faults(0, 1, 0, 0, 0), 1).size());
    }

    @Test
    void swapsNeighboursAndLosesNone() {
        List<String> arrived = through(new Faults(0, 0, 1, 0, 0), 1);
        assertEquals(sent().get(1), arrived.get(0));
        assertEquals(sent().get(0), arrived.get(1));
        assertEquals(sent(), arrived.stream().sorted().toList());
    }

    @Test
    void changesOneBit() {
        List<String> arrived = through(new Faults(0, 0, 0, 1, 0), 1);
        for (int i = 0; i < COUNT; i++) {
            byte[] before = Bytes.of(sent().get(i));
            byte[] after = Bytes.of(arrived.get(i));
            int bits = 0;
            for (int at = 0; at < before.length; at++) {
                bits += Integer.bitCount((before[at] ^ after[at]) & 0xff);
            }
            assertEquals(1, bits);
        }
    }

    @Test
    void cutsBytesOffTheEnd() {
        List<String> arrived = through(new Faults(0, 0, 0, 0, 1), 1);
        for (int i = 0; i < COUNT; i++) {
            String whole = sent().get(i);
            assertTrue(
                    whole.startsWith(arrived.get(i)) && whole.length() > arrived.get(i).length());
        }
    }

    private static List<String> sent() {
        List<String> packets = new ArrayList<>();
        for (int i = 0; i < COUNT; i++) {
            packets.add(Bytes.hex(packet(i)));
        }
        return packets;
    }

    private static Packet packet(int number) {
        Packet packet = new Packet().plain(20);
        packet.bytes().putInt(Packet.OFFSET, number);
        return packet;
    }

    private static List<String> through(Faults faults, long seed) {
        MemoryDevice.Pair pair = MemoryDevice.pair(1_500, 2 * COUNT);
        FaultyDevice device = new FaultyDevice(pair.left(), faults, seed);
        for (int i = 0; i < COUNT; i++) {
            device.send(packet(i));
        }
        device.flush();
        List<String> arrived = new ArrayList<>();
        pair.right().receive(packet -> arrived.add(Bytes.hex(packet)), 3 * COUNT);
        return arrived;
    }
}
