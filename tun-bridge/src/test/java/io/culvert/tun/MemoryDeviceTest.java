package io.culvert.tun;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.culvert.tun.PacketDevice.Sent;

import org.junit.jupiter.api.Test;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;

class MemoryDeviceTest extends PacketDeviceContract {
    private final Probe host = new Probe(HOST, PORT, HERE, PORT);
    private final Queue<byte[]> received = new ArrayDeque<>();
    private MemoryDevice far;

    @Override
    PacketDevice open() {
        MemoryDevice.Pair pair = MemoryDevice.pair(MTU, 8);
        far = pair.right();
        return pair.left();
    }

    @Override
    void hostSends(byte[] payload) {
        assertEquals(Sent.TAKEN, far.send(host.udp(new Packet(), payload)));
    }

    @Override
    byte[] hostReceives() {
        Segmenter segmenter = new Segmenter();
        far.receive(
                packet -> {
                    if (segmenter.cut(packet, this::keep) == 0) {
                        keep(packet);
                    }
                },
                10);
        return received.poll();
    }

    private void keep(Packet packet) {
        byte[] bytes = Bytes.of(packet);
        received.add(Arrays.copyOfRange(bytes, HEADERS, bytes.length));
    }

    @Test
    void isFullAtItsCapacityAndTakesMoreWhenSomeAreReceived() {
        MemoryDevice.Pair pair = MemoryDevice.pair(MTU, 2);
        Packet packet = new Packet().plain(1);
        for (int i = 0; i < 5; i++) {
            assertEquals(Sent.TAKEN, pair.left().send(packet));
            assertEquals(Sent.TAKEN, pair.left().send(packet));
            assertEquals(Sent.FULL, pair.left().send(packet));
            assertEquals(2, pair.right().receive(_ -> {}, 10));
        }
    }
}
