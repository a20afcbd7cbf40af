package io.culvert.upgrade;

import io.culvert.flow.Flow;
import io.culvert.hook.Reason;
import io.culvert.tun.PacketDevice;

import java.io.UncheckedIOException;
import java.util.Set;

/**
 * One TCP flow whose initiator's connection the host's kernel has accepted, so that it has no
 * packets here, no slot, and ends with its sockets.
 *
 * <pre>
 *   DIALING  the initiator waits while we connect to the target; what it sends stays in its socket
 *     | connected                                    | failed, or the initiator resets: over
 *   JOINED   a {@link Joint} has both sockets
 *     | the joint is over
 *   OVER     the sockets are closed; an initiator that was joined to nothing has been reset
 * </pre>
 *
 * <p>Of a recipient that answers first the target is dialed when it asks for it, as with {@link
 * UpgradedTcp}. So it is of a {@link Takeover} whose target cannot be reached anyway: it may not
 * need it, and the initiator is answered already.
 *
 * <p>Confined to the worker that owns the flow, but for {@link #state} and the bytes.
 */
final class AcceptedTcp implements TcpPath, Targets.Outcome {
    private enum State {
        DIALING,
        JOINED,
        OVER
    }

    private final TcpUpgrader upgrader;
    private final Flow flow;
    private final PacketDevice ramp;
    private final TargetSide target;
    private final UpgradedSockets sockets;
    private final AcceptedOutcome outcome;

    private State state = State.DIALING;

    /** {@link Joint#NONE} once it is joined or closed. */
    private int initiator;

    /** Null but while the target is dialed. */
    private Poller.Watch watch;

    private long bytesUp;
    private long bytesDown;
    private long bytesSeen;

    /**
     * @param initiator the initiator's socket
     * @param ramp stands for where it came in
     * @param outcome told
     */
    AcceptedTcp(
            TcpUpgrader upgrader,
            Flow flow,
            int initiator,
            PacketDevice ramp,
            TargetSide target,
            UpgradedSockets sockets,
            AcceptedOutcome outcome) {
        this.upgrader = upgrader;
        this.flow = flow;
        this.initiator = initiator;
        this.ramp = ramp;
        this.target = target;
        this.sockets = sockets;
        this.outcome = outcome;
    }

    /** Goes towards the target, or to whom the connection is given where that comes first. */
    void open() {
        upgrader.table().accepted(flow);
        outcome.opened(flow);
        if (sockets.areAnsweredFirst() || (sockets.areTaken() && target.isUnreachable())) {
            join();
            return;
        }
        try {
            // Errors alone: what it says is for the target, and so is its end.
            watch = upgrader.poller().watch(initiator, Poller.EDGE, this::broken);
        } catch (UncheckedIOException noWatch) {
            upgrader.table().close(flow, Reason.DESCRIPTORS_EXHAUSTED);
            return;
        }
        target.dial(this);
    }

    private void broken(int events) {
        if (upgrader.lastLook().isGone(initiator)) {
            upgrader.table().close(flow, Reason.RESET_BY_INITIATOR);
        }
    }

    @Override
    public void connected(int socket, Poller.Watch targetWatch) {
        sockets.target(socket, targetWatch);
        join();
    }

    @Override
    public void failed(Reason reason) {
        upgrader.table().close(flow, reason);
    }

    private void join() {
        int socket = initiator;
        initiator = Joint.NONE;
        cancelWatch();
        state = State.JOINED;
        outcome.stands();
        sockets.join(socket, flow, target, this::done);
    }

    private void cancelWatch() {
        if (watch != null) {
            watch.cancel();
            watch = null;
        }
    }

    private void done(Joint over, Reason reason) {
        flow.relayFigures(upgrader.lastLook().figures(over));
        bytesUp = over.bytesUp();
        bytesDown = over.bytesDown();
        upgrader.table().close(flow, reason);
    }

    @Override
    public void reset(Reason reason) {
        sockets.abort(reason);
    }

    @Override
    public void cut(Reason reason) {
        upgrader.table().close(flow, reason);
    }

    @Override
    public Reason ending() {
        return Reason.IDLE;
    }

    @Override
    public String state() {
        // Asked by other threads too, for whom the joint may be there late or gone already.
        return switch (state) {
            case DIALING -> "dialing";
            case JOINED -> sockets.state("relaying");
            case OVER -> "closing";
        };
    }

    @Override
    public long bytesUp() {
        return Math.max(bytesUp, sockets.bytesUp());
    }

    @Override
    public long bytesDown() {
        return Math.max(bytesDown, sockets.bytesDown());
    }

    /** Notes where something has passed since it was last asked. */
    void seen(long nowNanos) {
        long bytes = bytesUp() + bytesDown();
        if (bytes != bytesSeen) {
            bytesSeen = bytes;
            flow.seen(nowNanos);
        }
    }

    @Override
    public boolean usesAny(Set<PacketDevice> devices) {
        return devices.contains(ramp);
    }

    @Override
    public void release() {
        state = State.OVER;
        outcome.over(flow.closeReason());
        sockets.release(flow.closeReason());
        cancelWatch();
        if (initiator != Joint.NONE) {
            Acceptor.closeWithReset(initiator);
            initiator = Joint.NONE;
        }
        flow.tenant().releaseSlot();
        target.release();
        upgrader.acceptedFlows().over(this);
    }
}
