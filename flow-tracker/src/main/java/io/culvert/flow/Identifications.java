package io.culvert.flow;

import io.culvert.wire.IpAddress;

import java.security.SecureRandom;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * Identifications for the datagrams that the gateway itself cuts into fragments. Two datagrams of
 * the same source, destination and protocol must not have the same one within 120 s (RFC 6864
 * section 4.3), and nobody else may be able to guess the next (RFC 7739).
 *
 * <p><b>Theory of operation.</b> RFC 7739 section 5.3: a keyed hash of source, destination and
 * protocol, different for each, to which a counter is added. There is one counter for all that
 * share a second hash, so memory is bounded and nothing is allocated. A counter never steps back,
 * so what one such triple gets repeats only when its counter has come round, however many others
 * use it: after 2^32 datagrams in IPv6, after 65,536 in IPv4.
 *
 * <p>Limits: of IPv4 65,536 datagrams in 120 s are 546 a second, over all triples that share a
 * counter. Beyond that they repeat sooner; RFC 6864 section 5.2 would have the source slow down,
 * which the gateway does not do. The receiver of fragments sees how often its counter is used, but
 * not by whom.
 *
 * <p>Threading: shared; wait-free.
 */
public final class Identifications {
    private static final int COUNTERS = 1 << 14;

    /** Above the bits of a protocol: the second hash. */
    private static final int COUNTER = 1 << 8;

    private final AtomicIntegerArray counters = new AtomicIntegerArray(COUNTERS);

    public Identifications() {
        SecureRandom random = new SecureRandom();
        for (int i = 0; i < COUNTERS; i++) {
            counters.setPlain(i, random.nextInt());
        }
    }

    /** The next one; of IPv4 the lower 16 bits are meant. */
    public int next(
            long sourceHigh,
            long sourceLow,
            long destinationHigh,
            long destinationLow,
            int protocol) {
        int own = KeyedHash.of(protocol, sourceHigh, sourceLow, destinationHigh, destinationLow);
        int counter =
                KeyedHash.of(
                        COUNTER | protocol, sourceHigh, sourceLow, destinationHigh, destinationLow);
        int next = own + counters.getAndIncrement(counter & (COUNTERS - 1));
        return IpAddress.isIpv4(destinationHigh, destinationLow) ? next & 0xffff : next;
    }
}
