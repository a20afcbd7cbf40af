package io.culvert.upgrade;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * Which worker has the socket of each UDP initiator. A device may hand an initiator's packets to
 * different targets to different workers, and they must all leave from one address and port (RFC
 * 4787 REQ-1), so the first worker gets the later flows as well.
 *
 * <p>Thread-safe; asked when a flow opens, never for a known one.
 */
public final class UdpOwners {
    private final ConcurrentMap<UdpSession.Initiator, Owner> workers = new ConcurrentHashMap<>();

    /**
     * @param sessions that the initiator has there
     */
    private record Owner(int worker, int sessions) {}

    /** The initiator's worker; {@code otherwise} where it has none. */
    int owner(UdpSession.Initiator initiator, int otherwise) {
        Owner owner = workers.get(initiator);
        return owner == null ? otherwise : owner.worker();
    }

    /** The initiator has another session on that worker. */
    void claim(UdpSession.Initiator initiator, int worker) {
        workers.merge(initiator, new Owner(worker, 1), (owner, unused) -> more(owner, worker, 1));
    }

    /** The initiator has a session less there. */
    void release(UdpSession.Initiator initiator, int worker) {
        workers.computeIfPresent(
                initiator,
                (unused, owner) -> {
                    Owner left = more(owner, worker, -1);
                    return left.sessions() == 0 ? null : left;
                });
    }

    private static Owner more(Owner owner, int worker, int sessions) {
        return owner.worker() == worker ? new Owner(worker, owner.sessions() + sessions) : owner;
    }
}
