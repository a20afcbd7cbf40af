package io.culvert.nat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.culvert.wire.IpAddress;

import org.junit.jupiter.api.Test;

class SlotAddressesTest {
    private static final int[] WORKERS = {0, 1, 127, 128, 255};
    private static final int[] SLOTS = {
        0, 1, 32_767, 32_768, 65_535, 65_536, 1_000_000, SlotAddresses.MAXIMUM_SLOTS - 1
    };

    private static String listener(SlotAddresses addresses, boolean ipv6) {
        return new IpAddress(addresses.high(ipv6), addresses.listenerLow(ipv6)).toString();
    }

    private static String slot(SlotAddresses addresses, boolean ipv6, int slot) {
        return new IpAddress(addresses.high(ipv6), addresses.slotLow(ipv6, slot)).toString();
    }

    private static int slotOf(SlotAddresses addresses, String address, int port) {
        IpAddress parsed = IpAddress.parse(address);
        return addresses.slot(!parsed.isIpv4(), parsed.high(), parsed.low(), port);
    }

    @Test
    void hasAListenerAddressInEachFamily() {
        assertEquals("10.3.0.1", listener(new SlotAddresses(3), false));
        assertEquals("fd00:0:0:3::1", listener(new SlotAddresses(3), true));
        assertEquals("10.255.0.1", listener(new SlotAddresses(255), false));
    }

    @Test
    void beginsWithTheHostAfterTheListener() {
        SlotAddresses addresses = new SlotAddresses(3);

        assertEquals("10.3.0.2", slot(addresses, false, 0));
        assertEquals("fd00:0:0:3::2", slot(addresses, true, 0));
        assertEquals(32_768, addresses.slotPort(0));
        assertEquals("10.3.0.2", slot(addresses, false, 32_767));
        assertEquals(65_535, addresses.slotPort(32_767));
        assertEquals("10.3.0.3", slot(addresses, false, 32_768));
        assertEquals(32_768, addresses.slotPort(32_768));
    }

    @Test
    void endsBeforeTheBroadcastAddress() {
        SlotAddresses addresses = new SlotAddresses(3);
        int last = SlotAddresses.MAXIMUM_SLOTS - 1;

        assertEquals("10.3.255.254", slot(addresses, false, last));
        assertEquals("fd00:0:0:3::fffe", slot(addresses, true, last));
        assertEquals(65_535, addresses.slotPort(last));
    }

    @Test
    void findsEverySlotByItsAddressAndPort() {
        for (int worker : WORKERS) {
            SlotAddresses addresses = new SlotAddresses(worker);
            for (boolean ipv6 : new boolean[] {false, true}) {
                for (int slot : SLOTS) {
                    assertEquals(
                            slot,
                            addresses.slot(
                                    ipv6,
                                    addresses.high(ipv6),
                                    addresses.slotLow(ipv6, slot),
                                    addresses.slotPort(slot)));
                }
            }
        }
    }

    @Test
    void knowsNoSlotOfAForeignAddressOrPort() {
        SlotAddresses addresses = new SlotAddresses(3);

        assertEquals(0, slotOf(addresses, "10.3.0.2", 32_768));
        assertEquals(-1, slotOf(addresses, "10.3.0.2", 32_767));
        assertEquals(-1, slotOf(addresses, "10.3.0.2", 0));
        assertEquals(-1, slotOf(addresses, "10.3.0.1", 32_768), "the listener's");
        assertEquals(-1, slotOf(addresses, "10.3.0.0", 32_768));
        assertEquals(-1, slotOf(addresses, "10.3.255.255", 32_768));
        assertEquals(-1, slotOf(addresses, "10.2.255.254", 32_768), "another worker's");
        assertEquals(-1, slotOf(addresses, "10.4.0.2", 32_768));
        assertEquals(-1, slotOf(addresses, "0.0.0.0", 32_768));
        assertEquals(-1, slotOf(addresses, "255.255.255.255", 32_768));
        assertEquals(0, slotOf(addresses, "fd00:0:0:3::2", 32_768));
        assertEquals(-1, slotOf(addresses, "fd00:0:0:3::1", 32_768), "the listener's");
        assertEquals(-1, slotOf(addresses, "fd00:0:0:3::ffff", 32_768));
        assertEquals(-1, slotOf(addresses, "fd00:0:0:3::1:2", 32_768));
        assertEquals(-1, slotOf(addresses, "fd00:0:0:3:8000::2", 32_768));
        assertEquals(-1, slotOf(addresses, "fd00:0:0:4::2", 32_768), "another worker's");
        assertEquals(-1, slotOf(addresses, "fe80::2", 32_768));
        assertEquals(-1, slotOf(addresses, "::", 32_768));
    }

    @Test
    void refusesWorkersThatTheSecondByteCannotTellApart() {
        assertThrows(IllegalArgumentException.class, () -> new SlotAddresses(-1));
        assertThrows(IllegalArgumentException.class, () -> new SlotAddresses(256));
    }
}
