package io.culvert.gateway.capture;

import io.culvert.linux.Route;
import io.culvert.linux.Rtnetlink;
import io.culvert.linux.Rule;
import io.culvert.linux.SyscallException;

import java.util.HashSet;
import java.util.Set;

/**
 * The numbers of an on-ramp's two routing tables in its network namespace: an even one for what
 * goes into the device, and the next one for what comes out of it.
 *
 * @param inwards the even one
 */
record Tables(int inwards) {
    /** Far from the numbers that people and programs choose, which are small or letters. */
    private static final int FIRST = 1_920_000_000;

    /** Interfaces that a namespace has had one after the other. */
    private static final int INTERFACES = 1 << 20;

    private static final int TRIES = 100;

    /** For what comes out of the device. */
    int outwards() {
        return inwards + 1;
    }

    /** The pair that a table is of. */
    static Tables of(int table) {
        return new Tables(table & ~1);
    }

    boolean contain(int table) {
        return of(table).equals(this);
    }

    /** Whether a table may be some gateway's. */
    static boolean mayBe(int table) {
        return table >= FIRST && table - FIRST < 2 * INTERFACES * TRIES;
    }

    /**
     * Numbers for a device that nothing in the namespace uses. Those of two devices differ, so that
     * gateways which start at once do not choose the same.
     *
     * @param index of the device's interface
     */
    static Tables free(Rtnetlink rtnetlink, int index) throws SyscallException {
        Set<Tables> used = new HashSet<>();
        for (boolean ipv6 : HostFamilies.present()) {
            rtnetlink.rules(ipv6).stream().map(Rule::table).map(Tables::of).forEach(used::add);
            rtnetlink.routes(ipv6).stream().map(Route::table).map(Tables::of).forEach(used::add);
        }
        for (int i = 0; i < TRIES; i++) {
            Tables tables = new Tables(FIRST + 2 * (i * INTERFACES + index % INTERFACES));
            if (!used.contains(tables)) {
                return tables;
            }
        }
        throw new IllegalStateException("every routing table is in use");
    }
}
