package io.culvert.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.Tenant;
import io.culvert.gateway.forward.TunnelPort;
import io.culvert.gateway.forward.TunnelPorts;
import io.culvert.gateway.policy.AddressSet;
import io.culvert.tun.MemoryDevice;
import io.culvert.tun.Packet;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

@Timeout(60)
class InboxTest {
    private static final int CAPACITY = 256;

    private final AtomicInteger wakes = new AtomicInteger();
    private final Inbox inbox = new Inbox(wakes::incrementAndGet);
    private final Packet packet = new Packet();
    private final List<String> taken = new ArrayList<>();

    private static TunnelPort port(String name) {
        return new TunnelPorts(
                        name,
                        new Tenant(1, "acme"),
                        new AddressSet(List.of()),
                        List.of(MemoryDevice.pair(1500, 1).left()))
                .of(0);
    }

    private boolean offer(TunnelPort port, int number) {
        packet.plain(Integer.BYTES).bytes().putInt(Packet.OFFSET, number);
        return inbox.offer(port, packet);
    }

    private void drain() {
        inbox.drain(
                (port, handed) ->
                        taken.add(
                                ((TunnelPort) port).tunnel().name()
                                        + " "
                                        + handed.bytes().getInt(Packet.OFFSET)));
    }

    @Test
    void packetsComeOutInOrderAsTheyWereWithTheirPort() {
        assertTrue(offer(port("a"), 1));
        assertTrue(offer(port("b"), 2));
        assertTrue(offer(port("a"), 3));
        drain();

        assertEquals(List.of("a 1", "b 2", "a 3"), taken);
    }

    @Test
    void theOwnerIsWokenOnceUntilItHasLooked() {
        TunnelPort port = port("a");
        assertTrue(offer(port, 1));
        assertTrue(offer(port, 2));
        assertEquals(1, wakes.get());
        drain();
        assertTrue(offer(port, 3));
        assertEquals(2, wakes.get());
    }

    @Test
    void refusesWhatItHasNoRoomForAndTakesAgainOnceDrained() {
        TunnelPort port = port("a");
        for (int i = 0; i < CAPACITY; i++) {
            assertTrue(offer(port, i));
        }
        assertFalse(offer(port, CAPACITY));
        drain();
        assertEquals(CAPACITY, taken.size());
        assertTrue(offer(port, 0));
    }

    @Test
    void aPacketThatCannotBeHandledIsNotLostToTheInbox() {
        TunnelPort port = port("a");
        for (int i = 0; i < 2 * CAPACITY; i++) {
            assertTrue(offer(port, i));
            assertThrows(
                    IllegalStateException.class,
                    () ->
                            inbox.drain(
                                    (from, handed) -> {
                                        throw new IllegalStateException("of a test");
                                    }));
        }
    }

    @Test
    void manyWorkersOfferAtOnceAndNothingIsTwiceOrMissing() throws Exception {
        AtomicInteger accepted = new AtomicInteger();
        AtomicInteger working = new AtomicInteger(3);
        TunnelPort port = port("a");
        for (int worker = 0; worker < 3; worker++) {
            Thread.ofPlatform()
                    .start(
                            () -> {
                                Packet own = new Packet();
                                for (int i = 0; i < 20_000; i++) {
                                    own.plain(4).bytes().putInt(Packet.OFFSET, i);
                                    accepted.addAndGet(inbox.offer(port, own) ? 1 : 0);
                                }
                                working.decrementAndGet();
                            });
        }
        int[] drained = new int[1];
        while (working.get() > 0) {
            inbox.drain((from, handed) -> drained[0]++);
        }
        inbox.drain((from, handed) -> drained[0]++);

        assertEquals(accepted.get(), drained[0]);
        assertTrue(drained[0] > 0);
    }
}
