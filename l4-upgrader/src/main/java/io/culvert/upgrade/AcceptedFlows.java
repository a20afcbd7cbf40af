package io.culvert.upgrade;

import io.culvert.flow.Flow;
import io.culvert.hook.Reason;
import io.culvert.tun.PacketDevice;

import java.util.LinkedHashSet;
import java.util.Set;

/**
 * One worker's flows whose initiators' connections the host's kernel has accepted.
 *
 * <p>Confined to the worker.
 */
final class AcceptedFlows {
    /** How often they are looked at, since no packet tells that something passes. */
    private static final long LOOK_NANOS = 1_000_000_000L;

    private final TcpUpgrader upgrader;
    private final Set<AcceptedTcp> live = new LinkedHashSet<>();
    private long lookedAtNanos;

    AcceptedFlows(TcpUpgrader upgrader) {
        this.upgrader = upgrader;
    }

    /** Gives a flow its path, as {@link TcpUpgrader#openAccepted}. */
    void open(
            Flow flow,
            SocketOffRamp.Target to,
            Reason obstacle,
            Recipient recipient,
            int socket,
            PacketDevice ramp,
            AcceptedOutcome outcome) {
        TargetSide target =
                obstacle == null
                        ? TargetSide.ofHost(upgrader, flow, to, 0)
                        : TargetSide.unreachable(upgrader, flow, obstacle);
        UpgradedSockets sockets = new UpgradedSockets(upgrader, recipient);
        AcceptedTcp connection =
                new AcceptedTcp(upgrader, flow, socket, ramp, target, sockets, outcome);
        live.add(connection);
        flow.path(connection);
        connection.open();
    }

    void over(AcceptedTcp connection) {
        live.remove(connection);
    }

    int size() {
        return live.size();
    }

    /** Looks at them, where it is time to; called now and then. */
    void tick() {
        long now = upgrader.now();
        if (now - lookedAtNanos >= LOOK_NANOS) {
            lookedAtNanos = now;
            live.forEach(connection -> connection.seen(now));
        }
    }
}
