package io.culvert.tun;

import io.culvert.linux.LinkAddress;
import io.culvert.linux.Route;
import io.culvert.linux.Rtnetlink;
import io.culvert.linux.SyscallException;

import java.net.Inet6Address;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Gives a device that is up an address that takes packets at once. The kernel adds an IPv6
 * address's route a moment later, in its own time, and drops what comes before.
 */
final class LocalAddress {
    private static final long POLL_NS = TimeUnit.MICROSECONDS.toNanos(200);

    /** It takes microseconds; after this the packets' own retransmissions have to do. */
    private static final long PATIENCE_NS = TimeUnit.MILLISECONDS.toNanos(500);

    private LocalAddress() {}

    static void add(Rtnetlink rtnetlink, int index, LinkAddress address) throws SyscallException {
        rtnetlink.addAddress(index, address.address(), address.prefixLength());
        if (!(address.address() instanceof Inet6Address)) {
            return;
        }
        long deadline = System.nanoTime() + PATIENCE_NS;
        while (!routed(rtnetlink, address) && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(POLL_NS);
        }
    }

    private static boolean routed(Rtnetlink rtnetlink, LinkAddress address)
            throws SyscallException {
        for (Route route : rtnetlink.routes(true)) {
            if (route.table() == Route.LOCAL_TABLE
                    && route.destination().equals(address.address())) {
                return true;
            }
        }
        return false;
    }
}
