package io.culvert.tun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.linux.Link;
import io.culvert.linux.LinkAddress;
import io.culvert.linux.Rtnetlink;
import io.culvert.tun.Packet.Segmentation;
import io.culvert.tun.PacketDevice.Sent;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.InetAddress;
import java.util.EnumSet;
import java.util.List;

class TunDeviceTest {
    private NetworkNamespace namespace;
    private Rtnetlink rtnetlink;

    @BeforeEach
    void enterANamespace() throws IOException {
        namespace = NetworkNamespace.anonymous("test");
        rtnetlink = namespace.call(Rtnetlink::new);
    }

    @AfterEach
    void leaveIt() {
        rtnetlink.close();
        namespace.close();
    }

    @Test
    void makesADeviceAsItsSettingsSay() throws IOException {
        LinkAddress ipv4 = new LinkAddress(InetAddress.getByName("10.0.0.1"), 24);
        LinkAddress ipv6 = new LinkAddress(InetAddress.getByName("fd00::1"), 64);
        TunSettings settings =
                TunSettings.named("test%d")
                        .withQueues(3)
                        .withMtu(9_000)
                        .withTxQueueLength(123)
                        .withAddresses(ipv4, ipv6);
        try (TunDevice device = TunDevice.open(namespace, settings)) {
            assertEquals("test0", device.name());
            assertEquals(3, device.queues().size());
            assertEquals(9_000, device.mtu());
            assertEquals(EnumSet.allOf(Offload.class), device.offloads());
            assertEquals(
                    new Link(device.index(), "test0", 9_000, 123, true, "tun"),
                    rtnetlink.link("test0").orElseThrow());
            assertEquals(List.of(ipv4, ipv6), rtnetlink.addresses(device.index()));
        }
    }

    @Test
    void letsTheKernelChooseTheName() throws IOException {
        try (TunDevice device = TunDevice.open(namespace, TunSettings.named(""))) {
            assertEquals("tun0", device.name());
        }
    }

    @Test
    void isGoneWhenClosed() throws IOException {
        TunDevice device = TunDevice.open(namespace, TunSettings.named("tun0"));
        device.close();
        assertTrue(rtnetlink.link("tun0").isEmpty());
    }

    @Test
    void attachesToAPersistentDeviceWithTheQueuesItHas() throws IOException {
        TunSettings settings = TunSettings.named("tun0").withPersistent(true);
        TunDevice.open(namespace, settings).close();
        try (TunDevice device = TunDevice.open(namespace, settings.withQueues(4).withMtu(1_280))) {
            assertEquals(1, device.queues().size());
            assertEquals(1_280, device.mtu());
        }
        TunSettings several = TunSettings.named("tun1").withPersistent(true).withQueues(2);
        TunDevice.open(namespace, several).close();
        try (TunDevice device = TunDevice.open(namespace, several.withQueues(1))) {
            assertEquals(1, device.queues().size());
        }
        try (TunDevice device = TunDevice.open(namespace, several.withQueues(3))) {
            assertEquals(3, device.queues().size());
        }
    }

    @Test
    void refusesADeviceThatSomebodyElseHas() throws IOException {
        for (int queues = 1; queues <= 2; queues++) {
            TunSettings settings = TunSettings.named("tun0").withQueues(queues);
            try (TunDevice first = TunDevice.open(namespace, settings)) {
                assertEquals("tun0", first.name());
                assertEquals(
                        "TUN device tun0 is in use by another process; choose another name",
                        refusal(settings));
            }
        }
    }

    @Test
    void refusesTheNameOfAnotherKindOfDevice() throws IOException {
        rtnetlink.addVeth("eth0", "eth1");
        assertEquals(
                "device eth0 exists already and is not a TUN device; choose another name",
                refusal(TunSettings.named("eth0")));
        assertEquals(
                "device lo exists already and is not a TUN device; choose another name",
                refusal(TunSettings.named("lo")));
    }

    @Test
    void doesWithoutWhatTheKernelDoesNotTakeAlone() throws IOException {
        EnumSet<Offload> half = EnumSet.of(Offload.CHECKSUM, Offload.TSO4, Offload.USO4);
        try (TunDevice device =
                TunDevice.open(namespace, TunSettings.named("").withOffloads(half))) {
            assertEquals(EnumSet.of(Offload.CHECKSUM, Offload.TSO4), device.offloads());
        }
        try (TunDevice device =
                TunDevice.open(
                        namespace, TunSettings.named("").withOffloads(EnumSet.of(Offload.TSO4)))) {
            assertEquals(EnumSet.noneOf(Offload.class), device.offloads());
        }
    }

    @Test
    void sendsInSoftwareWhatTheKernelRefusesAndAfterThreeTimesEverything() throws IOException {
        try (TunDevice device = TunDevice.open(namespace, TunSettings.named(""))) {
            TunQueue queue = device.queues().getFirst();
            for (int i = 1; i <= 4; i++) {
                assertEquals(Sent.TAKEN, queue.send(refused()));
                assertEquals(Math.min(i, 3), queue.refusals());
                assertEquals(i < 3, device.offloads().contains(Offload.USO4));
            }
            EnumSet<Offload> left = EnumSet.complementOf(EnumSet.of(Offload.USO4));
            assertEquals(left, device.offloads());
            assertEquals(0, queue.malformed());
        }
    }

    @Test
    void keepsAnOffloadThatWorksInBetween() throws IOException {
        try (TunDevice device = TunDevice.open(namespace, TunSettings.named(""))) {
            TunQueue queue = device.queues().getFirst();
            for (int i = 1; i <= 10; i++) {
                queue.send(refused());
                queue.send(refused());
                queue.send(datagrams(28));
            }
            assertEquals(20, queue.refusals());
            assertTrue(device.offloads().contains(Offload.USO4));
        }
    }

    @Test
    void keepsAnOffloadWhereThePacketWasMalformed() throws IOException {
        try (TunDevice device = TunDevice.open(namespace, TunSettings.named(""))) {
            TunQueue queue = device.queues().getFirst();
            for (int i = 0; i < 10; i++) {
                assertEquals(Sent.FAILED, queue.send(datagrams(28).partialChecksum(20, 16)));
            }
            assertEquals(0, queue.refusals());
            assertEquals(10, queue.malformed());
            assertEquals(EnumSet.allOf(Offload.class), device.offloads());
        }
    }

    @Test
    void failsWhileTheDeviceIsDownAndForGoodOnceItIsDeleted() throws IOException {
        try (TunDevice device = TunDevice.open(namespace, TunSettings.named("tun0"))) {
            TunQueue queue = device.queues().getFirst();
            assertEquals(Sent.TAKEN, queue.send(datagrams(28)));
            assertFalse(queue.failed());
            rtnetlink.delete(device.index());
            assertEquals(Sent.DOWN, queue.send(datagrams(28)));
            assertEquals(0, queue.receive(_ -> {}, 1));
            assertTrue(queue.failed());
        }
    }

    @Test
    void refusesSettingsThatNoDeviceCanHave() {
        TunSettings settings = TunSettings.named("tun0");
        assertThrows(IllegalArgumentException.class, () -> TunSettings.named("0123456789abcdef"));
        assertThrows(IllegalArgumentException.class, () -> TunSettings.named("a b"));
        assertThrows(IllegalArgumentException.class, () -> settings.withQueues(0));
        assertThrows(IllegalArgumentException.class, () -> settings.withMtu(67));
        assertThrows(IllegalArgumentException.class, () -> settings.withTxQueueLength(0));
    }

    private String refusal(TunSettings settings) {
        return assertThrows(IOException.class, () -> TunDevice.open(namespace, settings))
                .getMessage();
    }

    /** The kernel looks at the headers' length and finds it longer than the packet (EINVAL). */
    private static Packet refused() throws IOException {
        return datagrams(60_000);
    }

    private static Packet datagrams(int headerLength) throws IOException {
        Probe probe =
                new Probe(
                        InetAddress.getByName("192.0.2.2"),
                        1,
                        InetAddress.getByName("192.0.2.1"),
                        1);
        return probe.udp(new Packet(), new byte[300]).segments(Segmentation.UDP, 100, headerLength);
    }
}
