package io.culvert.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.Tenant;
import io.culvert.gateway.forward.TunnelPorts;
import io.culvert.gateway.policy.AddressSet;
import io.culvert.upgrade.SocketOffRamp;
import io.culvert.wire.IpAddress;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.List;

class ListenersTest {
    private final Listeners listeners = new Listeners();
    private final TunnelPorts web =
            new TunnelPorts(
                    "web",
                    new Tenant(1, "acme"),
                    new AddressSet(List.of()),
                    List.of(new Packetless()));

    private void listen(String... addresses) {
        listeners.put(
                web,
                Arrays.stream(addresses)
                        .map(one -> new InetSocketAddress(InetAddress.ofLiteral(one), 443))
                        .toList());
    }

    private boolean has(String address, int port) {
        IpAddress one = IpAddress.parse(address);
        return listeners.has(new SocketOffRamp.Target(one.high(), one.low(), port));
    }

    @Test
    void knowsAnAddressThatIsListenedOn() {
        listen("192.0.2.1", "2001:db8::1");
        assertTrue(has("192.0.2.1", 443));
        assertTrue(has("2001:db8::1", 443));
        assertFalse(has("192.0.2.1", 80));
        assertFalse(has("192.0.2.2", 443));
        assertFalse(has("127.0.0.1", 443));
    }

    /** 192.0.2.1 and its like of IPv6 are no host's. */
    @Test
    void knowsEveryAddressOfTheHostWhereAllAreListenedOn() {
        listen("0.0.0.0");
        assertTrue(has("127.0.0.1", 443));
        assertTrue(has("127.9.9.9", 443));
        assertFalse(has("127.0.0.1", 80));
        assertFalse(has("192.0.2.1", 443));
        assertFalse(has("::1", 443));
        listen("::");
        assertTrue(has("::1", 443));
        assertFalse(has("2001:db8::1", 443));
        assertFalse(has("127.0.0.1", 443));
    }

    @Test
    void knowsNothingOfWhatIsGone() {
        listen("192.0.2.1");
        assertEquals(List.of(web), listeners.of("acme"));
        assertEquals(List.of(), listeners.of("umbrella"));
        listeners.remove(web);
        assertFalse(has("192.0.2.1", 443));
        assertEquals(List.of(), listeners.of("acme"));
        assertTrue(listeners.tenant("acme").isEmpty());
    }

    @Test
    void givesNoNumberTwice() {
        int first = listeners.number();
        assertNotEquals(0, first);
        assertNotEquals(first, listeners.number());
    }
}
