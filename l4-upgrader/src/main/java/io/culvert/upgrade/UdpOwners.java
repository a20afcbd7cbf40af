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
    private final ConcurrentMap<UdpSession.Initiator, Integer> workers = new ConcurrentHashMap<>();

    /** The initiator's worker; {@code otherwise} where it has none. */
    int owner(UdpSession.Initiator initiator, int otherwise) {
        return workers.getOrDefault(initiator, otherwise);
    }

    void claim(UdpSession.Initiator initiator, int worker) {
        workers.putIfAbsent(initiator, worker);
    }

    void release(UdpSession.Initiator initiator, int worker) {
        workers.remove(initiator, worker);
    }
}
