package io.culvert.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.linux.OpenDescriptors;
import io.culvert.nat.SlotAddresses;
import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;
import io.culvert.wire.Defect;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpPacket;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.util.Set;

@Timeout(60)
class UpgradeNamespaceTest {
    private static final Duration IDLE = Duration.ofMinutes(124);
    private static final long PATIENCE_NANOS = 10_000_000_000L;

    @Test
    void everySlotReachesItsWorkersListenerInBothFamilies() throws Exception {
        int[] slots = {0, 1, 32_767, 32_768, 1_000_000, SlotAddresses.MAXIMUM_SLOTS - 1};
        try (UpgradeNamespace namespace = UpgradeNamespace.open(3, Set.of(), IDLE)) {
            for (int worker = 0; worker < 3; worker++) {
                for (int slot : slots) {
                    assertAnswersFrom(namespace.entrance(worker), slot, false);
                    assertAnswersFrom(namespace.entrance(worker), slot, true);
                }
            }
        }
    }

    private static void assertAnswersFrom(
            UpgradeNamespace.Entrance entrance, int slot, boolean ipv6) {
        SlotAddresses addresses = entrance.addresses();
        IpAddress initiator = new IpAddress(addresses.high(ipv6), addresses.slotLow(ipv6, slot));
        IpAddress listener = new IpAddress(addresses.high(ipv6), addresses.listenerLow(ipv6));
        int port = addresses.slotPort(slot);
        assertEquals(
                PacketDevice.Sent.TAKEN,
                entrance.device()
                        .send(
                                Segments.syn(
                                        initiator, port, listener, SlotAddresses.LISTENER_PORT)));

        IpPacket reply = new IpPacket();
        boolean[] answered = new boolean[1];
        long start = System.nanoTime();
        while (!answered[0] && System.nanoTime() - start < PATIENCE_NANOS) {
            int unused =
                    entrance.device()
                            .receive(
                                    packet -> {
                                        Defect defect =
                                                reply.wrap(
                                                        packet.bytes(),
                                                        Packet.OFFSET,
                                                        packet.length());
                                        // The kernel says this and that on a new device.
                                        answered[0] |=
                                                defect == Defect.NONE
                                                        && reply.tcp() != null
                                                        && reply.tcp().syn()
                                                        && reply.tcp().ack()
                                                        && slot
                                                                == addresses.slot(
                                                                        ipv6,
                                                                        reply.destinationHigh(),
                                                                        reply.destinationLow(),
                                                                        reply.destinationPort());
                                    },
                                    1);
        }
        assertTrue(answered[0], () -> "slot " + slot + " " + initiator + " is not answered");
        assertEquals(listener.low(), reply.sourceLow());
    }

    @Test
    void closingLeavesNoDescriptorBehind() throws Exception {
        UpgradeNamespace.open(1, Set.of(), IDLE).close();
        OpenDescriptors before = OpenDescriptors.now();
        for (int i = 0; i < 3; i++) {
            UpgradeNamespace.open(2, Set.of(), IDLE).close();
        }
        Streams.assertNoneLeft(before);
    }
}
