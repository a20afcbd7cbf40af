package io.culvert.upgrade;

import io.culvert.flow.Tenant;
import io.culvert.linux.Syscall;
import io.culvert.wire.IpAddress;

import java.util.ArrayList;
import java.util.List;

/**
 * One UDP socket, for all flows that a tenant's initiator has from one address and port:
 * endpoint-independent mapping, RFC 4787 REQ-1. Flows that leave from different addresses of the
 * host's by decision have a socket each of these; and one that goes to an upstream in its target's
 * place has one for itself, since of two that go to the same nobody could tell whose a reply is.
 * Replies are taken only from targets that the initiator has a flow to, as every flow was decided
 * on by itself: address and port-dependent filtering, RFC 4787 section 5.
 *
 * <p>Confined to one worker.
 */
final class UdpSession {
    /**
     * Who a session is for.
     *
     * @param ipv6 the family of the socket, which is the targets'
     */
    record Initiator(int tenant, long high, long low, int port, boolean ipv6) {}

    /**
     * Which of an initiator's sessions.
     *
     * @param source the host's address that it leaves from; {@code null} where the host chooses
     * @param flow the flow that it is for alone; 0 where it is for all others
     */
    record Key(Initiator initiator, IpAddress source, long flow) {}

    private final UdpUpgrader upgrader;
    private final Key key;
    private final Tenant tenant;
    private final int socket;
    private final Poller.Watch watch;
    private final List<UpgradedUdp> redirected = new ArrayList<>(0);
    private UpgradedUdp recent;
    private int flows;
    private int hopLimit = -1;

    UdpSession(UdpUpgrader upgrader, Poller poller, Key key, Tenant tenant, int socket) {
        this.upgrader = upgrader;
        this.key = key;
        this.tenant = tenant;
        this.socket = socket;
        watch = poller.watch(socket, Poller.IN, events -> upgrader.ready(this, events));
    }

    UdpUpgrader upgrader() {
        return upgrader;
    }

    Key key() {
        return key;
    }

    Initiator initiator() {
        return key.initiator();
    }

    Tenant tenant() {
        return tenant;
    }

    int socket() {
        return socket;
    }

    /**
     * Whether the socket must be told a new hop limit; remembered to save a call for each datagram.
     */
    boolean changeHopLimit(int limit) {
        boolean change = limit != hopLimit;
        hopLimit = limit;
        return change;
    }

    void add(UpgradedUdp flow) {
        flows++;
        if (flow.isRedirected()) {
            redirected.add(flow);
        }
    }

    /** The flow whose target that is; {@code null} where the initiator has none. */
    UpgradedUdp flowTo(long high, long low, int port) {
        UpgradedUdp last = recent;
        if (last != null && last.isTarget(high, low, port)) {
            return last;
        }
        for (UpgradedUdp flow : redirected) {
            if (flow.isTarget(high, low, port)) {
                recent = flow;
                return flow;
            }
        }
        UpgradedUdp found = upgrader.find(initiator(), high, low, port);
        if (found != null && found.isOf(this) && !found.isRedirected()) {
            recent = found;
            return found;
        }
        return null;
    }

    /** The last flow takes the socket with it. */
    void release(UpgradedUdp flow) {
        redirected.remove(flow);
        if (recent == flow) {
            recent = null;
        }
        flows--;
        if (flows == 0) {
            upgrader.forget(this);
            watch.cancel();
            Syscall.close(socket);
        }
    }
}
