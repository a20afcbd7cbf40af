package io.culvert.upgrade;

import io.culvert.flow.Flow;
import io.culvert.hook.Reason;
import io.culvert.tun.PacketDevice;

/**
 * How an upgraded TCP flow comes by its target: by a socket of the host's, or by one inside the
 * namespace whose packets leave by a tunnel ({@link DowngradedTcp}), or not at all. It is dialed
 * once at most.
 *
 * <p>Confined to the worker that owns the flow.
 */
final class TargetSide implements Targets, Dialer.Outcome {
    private final TcpUpgrader upgrader;
    private final Flow flow;
    private final int trafficClass;

    /** Null where the target is behind a tunnel. */
    private final SocketOffRamp.Target address;

    /** Null where it is not. */
    private final PacketDevice tunnel;

    /** Why nobody may be dialed; null where somebody may. */
    private final Reason obstacle;

    private DowngradedTcp downgraded;
    private Outcome outcome;
    private Dialer.Dial dial;

    private TargetSide(
            TcpUpgrader upgrader,
            Flow flow,
            SocketOffRamp.Target address,
            PacketDevice tunnel,
            Reason obstacle,
            int trafficClass) {
        this.upgrader = upgrader;
        this.flow = flow;
        this.address = address;
        this.tunnel = tunnel;
        this.obstacle = obstacle;
        this.trafficClass = trafficClass;
    }

    /**
     * @param trafficClass of the initiator's SYN
     */
    static TargetSide ofHost(
            TcpUpgrader upgrader, Flow flow, SocketOffRamp.Target address, int trafficClass) {
        return new TargetSide(upgrader, flow, address, null, null, trafficClass);
    }

    /**
     * @param tunnel where what is for the target goes
     */
    static TargetSide ofTunnel(
            TcpUpgrader upgrader, Flow flow, PacketDevice tunnel, int trafficClass) {
        return new TargetSide(upgrader, flow, null, tunnel, null, trafficClass);
    }

    /**
     * @param obstacle what every dial fails with
     */
    static TargetSide unreachable(TcpUpgrader upgrader, Flow flow, Reason obstacle) {
        return new TargetSide(upgrader, flow, null, null, obstacle, 0);
    }

    /** Whether every dial fails. */
    boolean isUnreachable() {
        return obstacle != null;
    }

    /** Where the target is; {@code null} for a target of the host's. */
    PacketDevice tunnel() {
        return tunnel;
    }

    /** The target's packets; {@code null} where it is a socket of the host's, or not dialed yet. */
    DowngradedTcp packets() {
        return downgraded;
    }

    @Override
    public void dial(Outcome receiver) {
        outcome = receiver;
        Dialer.Dial begun = begin();
        if (outcome != null) {
            dial = begun;
        }
    }

    private Dialer.Dial begin() {
        if (obstacle != null) {
            failed(obstacle);
            return null;
        }
        if (tunnel == null) {
            return upgrader.dialer()
                    .dial(
                            address.high(),
                            address.low(),
                            address.port(),
                            address.source(),
                            trafficClass,
                            upgrader.now(),
                            this);
        }
        downgraded = new DowngradedTcp(upgrader, flow, tunnel);
        if (downgraded.claim()) {
            return downgraded.dial(trafficClass, this);
        }
        failed(Reason.SLOTS_EXHAUSTED);
        return null;
    }

    @Override
    public void connected(int socket, Poller.Watch watch) {
        decided().connected(socket, watch);
    }

    @Override
    public void failed(int errno) {
        failed(Answers.reasonOf(errno));
    }

    private void failed(Reason reason) {
        if (downgraded != null) {
            downgraded.over();
        }
        decided().failed(reason);
    }

    private Outcome decided() {
        Outcome receiver = outcome;
        outcome = null;
        dial = null;
        return receiver;
    }

    @Override
    public void cancel() {
        if (outcome != null && downgraded != null) {
            downgraded.over();
        }
        cancelDial();
    }

    private void cancelDial() {
        if (dial != null) {
            dial.cancel();
        }
        outcome = null;
        dial = null;
    }

    /** Gives back what the target's packets need. */
    void release() {
        cancelDial();
        if (downgraded != null) {
            downgraded.release();
        }
    }
}
