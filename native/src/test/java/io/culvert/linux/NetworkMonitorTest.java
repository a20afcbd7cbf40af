package io.culvert.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetAddress;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Predicate;

/** Every test starts with a cable of which the monitor has heard nothing. */
@Timeout(30)
class NetworkMonitorTest {
    private Rtnetlink rtnetlink;
    private NetworkMonitor monitor;

    @BeforeEach
    void makeTheCable() throws SyscallException {
        rtnetlink = new Rtnetlink();
        rtnetlink.addVeth("a", "b");
        rtnetlink.up(rtnetlink.index("b"));
        monitor = new NetworkMonitor();
    }

    @AfterEach
    void takeTheCableAway() throws SyscallException {
        monitor.close();
        if (rtnetlink.link("a").isPresent()) {
            rtnetlink.delete(rtnetlink.index("a"));
        }
        rtnetlink.close();
    }

    private NetworkChange heard(Predicate<NetworkChange> wanted) throws SyscallException {
        while (true) {
            List<NetworkChange> changes = monitor.await();
            for (NetworkChange change : changes) {
                if (wanted.test(change)) {
                    return change;
                }
            }
        }
    }

    @Test
    void hearsOfDevicesThatComeAndGo() throws SyscallException {
        int a = rtnetlink.index("a");
        rtnetlink.up(a);
        NetworkChange up = heard(change -> change.device().equals("a"));
        assertEquals(new NetworkChange(NetworkChange.Kind.LINK, false, "a", a, 0), up);

        rtnetlink.delete(a);
        NetworkChange gone = heard(change -> change.gone() && change.device().equals("a"));
        assertEquals(new NetworkChange(NetworkChange.Kind.LINK, true, "a", a, 0), gone);
    }

    @ParameterizedTest
    @ValueSource(strings = {"192.0.2.0", "2001:db8::"})
    void hearsOfRoutes(String prefix) throws Exception {
        int a = rtnetlink.index("a");
        rtnetlink.up(a);
        Route route = Route.through(InetAddress.getByName(prefix), 32, a).in(1_000_000);
        rtnetlink.addRoute(route);
        Predicate<NetworkChange> ours = change -> change.table() == 1_000_000;
        assertEquals(
                new NetworkChange(NetworkChange.Kind.ROUTE, false, "", a, 1_000_000), heard(ours));

        rtnetlink.deleteRoute(route);
        assertEquals(
                new NetworkChange(NetworkChange.Kind.ROUTE, true, "", a, 1_000_000), heard(ours));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void hearsOfRules(boolean ipv6) throws Exception {
        Rule rule = new Rule(ipv6, 100, "a", 1_000_001);
        rtnetlink.addRule(rule);
        assertEquals(
                new NetworkChange(NetworkChange.Kind.RULE, false, "a", 0, 1_000_001),
                heard(change -> change.kind() == NetworkChange.Kind.RULE));

        rtnetlink.deleteRule(rule);
        assertEquals(
                new NetworkChange(NetworkChange.Kind.RULE, true, "a", 0, 1_000_001),
                heard(change -> change.kind() == NetworkChange.Kind.RULE));
    }

    /** Before it waits or meanwhile. */
    @Test
    void isWokenByAnotherThread() throws Exception {
        monitor.wake();
        assertEquals(List.of(), monitor.await());

        try (ExecutorService other = Executors.newSingleThreadExecutor()) {
            Future<List<NetworkChange>> waiting = other.submit(monitor::await);
            monitor.wake();
            assertEquals(List.of(), waiting.get());
        }
    }

    @Test
    void saysThatAnythingMayHaveChangedWhereItMissedSomething() throws Exception {
        int a = rtnetlink.index("a");
        rtnetlink.up(a);
        for (int i = 0; i < 10_000; i++) {
            byte[] prefix = {10, (byte) (i >> 8), (byte) i, 0};
            rtnetlink.addRoute(Route.through(InetAddress.getByAddress(prefix), 24, a));
        }
        assertTrue(
                monitor.await().stream()
                        .anyMatch(change -> change.kind() == NetworkChange.Kind.UNKNOWN));
    }
}
