package io.culvert.upgrade;

import io.culvert.flow.Flow;
import io.culvert.hook.Reason;

import java.util.function.Supplier;

/**
 * The sockets of an upgraded TCP flow: the target's while there is no other, then what joins it
 * with the initiator's.
 *
 * <p>Confined to the worker that owns the flow, but for {@link #state}.
 */
final class UpgradedSockets {
    private final TcpUpgrader upgrader;

    /** Who gets them; null for the relay, and once a handler has them. */
    private Recipient recipient;

    private int target = Joint.NONE;
    private Poller.Watch targetWatch;
    private Joint joint;

    /** A splice has begun and is not over, which it may be before it is known here. */
    private boolean relaying;

    /**
     * @param recipient {@code null} for the relay
     */
    UpgradedSockets(TcpUpgrader upgrader, Recipient recipient) {
        this.upgrader = upgrader;
        this.recipient = recipient;
    }

    /** Whether the initiator's comes first. */
    boolean areAnsweredFirst() {
        return recipient != null && recipient.answersFirst();
    }

    /** Whether somebody gets them who finds out by itself whether the target is needed. */
    boolean areTaken() {
        return recipient instanceof Takeover;
    }

    /** The target is connected. */
    void target(int socket, Poller.Watch watch) {
        target = socket;
        targetWatch = watch;
        // Early data or an error of the target waits in the socket, and the joint looks there
        // first.
        watch.ready(events -> {});
    }

    /**
     * The initiator is connected: both are joined. What comes of that may come at once.
     *
     * @param flow whose they are
     * @param targets where a handler that answers first has a target from
     */
    void join(int initiator, Flow flow, TargetSide targets, Joint.Done done) {
        int to = target;
        target = Joint.NONE;
        Recipient begun = recipient;
        recipient = null;
        switch (begun) {
            case null -> relay(initiator, to, flow, done);
            case Handling handling -> handle(handling, initiator, to, flow, targets, done);
            case Takeover takeover -> hand(takeover, initiator, to, flow, targets, done);
        }
    }

    private void handle(
            Handling handling,
            int initiator,
            int to,
            Flow flow,
            TargetSide targets,
            Joint.Done done) {
        HandledJoint handled =
                new HandledJoint(
                        upgrader.handlers(),
                        handling,
                        "handler of " + flow,
                        initiator,
                        targets,
                        (over, reason) -> over(over, reason, done));
        joint = handled;
        if (to != Joint.NONE) {
            handled.target(to, targetWatch);
        }
        handled.start();
    }

    private void hand(
            Takeover takeover,
            int initiator,
            int to,
            Flow flow,
            TargetSide targets,
            Joint.Done done) {
        TakenJoint taken =
                new TakenJoint(
                        upgrader.handlers(),
                        takeover,
                        initiator,
                        to,
                        to == Joint.NONE ? null : targetWatch,
                        targets,
                        tolls(flow),
                        (over, reason) -> over(over, reason, done));
        joint = taken;
        taken.start();
    }

    private Supplier<Toll> tolls(Flow flow) {
        return () -> Toll.of(flow, upgrader::now);
    }

    private void relay(int initiator, int to, Flow flow, Joint.Done done) {
        relaying = true;
        Splice splice =
                upgrader.splicer()
                        .join(
                                initiator,
                                null,
                                to,
                                targetWatch,
                                upgrader.now(),
                                tolls(flow),
                                (over, reason) -> over(over, reason, done));
        if (relaying) {
            joint = splice;
        }
    }

    private void over(Joint over, Reason reason, Joint.Done done) {
        relaying = false;
        joint = null;
        done.done(over, reason);
    }

    /** A word for people; {@code otherwise} while nothing is joined. Asked from any thread. */
    String state(String otherwise) {
        Joint joined = joint;
        return joined == null ? otherwise : joined.state();
    }

    /** Bytes of the initiator so far, of joined ones; asked from any thread. */
    long bytesUp() {
        Joint joined = joint;
        return joined == null ? 0 : joined.bytesUp();
    }

    /** Bytes for it. */
    long bytesDown() {
        Joint joined = joint;
        return joined == null ? 0 : joined.bytesDown();
    }

    /** Whether so much passes that acknowledgments may wait for one another. */
    boolean areBusy() {
        Joint joined = joint;
        return joined != null && joined.isBusy();
    }

    /** Whether the initiator's is closed, or was reset a moment ago; of joined ones. */
    boolean areBroken() {
        return joint.isBroken();
    }

    /** Ends them with a reset, where they are joined. */
    void abort(Reason reason) {
        if (joint != null) {
            joint.abort(reason);
        }
    }

    /** Resets the target's, where it is not joined yet. */
    void resetTarget() {
        if (target != Joint.NONE) {
            targetWatch.cancel();
            Acceptor.closeWithReset(target);
            target = Joint.NONE;
        }
    }

    /** The flow is over, and with it all of them. */
    void release(Reason reason) {
        abort(reason);
        resetTarget();
        if (recipient != null) {
            recipient.over();
            recipient = null;
        }
    }
}
