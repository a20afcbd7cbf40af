package io.culvert.upgrade;

import io.culvert.hook.Reason;
import io.culvert.linux.Syscall;

import java.io.UncheckedIOException;
import java.util.function.Supplier;

/**
 * The worker's part of a connection that a {@link Takeover} has.
 *
 * <pre>
 *   TAKEN  the takeover reads and writes the sockets, or duplicates of them
 *     | relay()            | leave()                        | reset, the gateway's end
 *   RELAYING  a splice has the sockets; over when that is
 *                          |
 *                        LEAVING  each peer reads the end; its own end is awaited for a moment
 *                          |                                |
 *                         OVER  told; the sockets are closed
 * </pre>
 *
 * <p>Confined to the worker that owns the flow, but for {@link #state}.
 */
final class TakenJoint implements Joint, TakenConnection, Handlers.Leaving, HandledSide.Owner {
    private enum State {
        TAKEN,
        RELAYING,
        LEAVING,
        OVER
    }

    private final Handlers handlers;
    private final Takeover takeover;
    private final Targets targets;
    private final Supplier<Toll> tolls;
    private final Done done;
    private final int initiator;
    private int target;
    private Poller.Watch initiatorWatch;
    private Poller.Watch targetWatch;
    private Poller.Ready targetReady = events -> {};

    // Looked at by other threads for a word.
    private volatile State state = State.TAKEN;
    private volatile Splice splice;

    /** Both null until they are left; the target's also where there is none. */
    private HandledSide initiatorSide;

    private HandledSide targetSide;
    private Reason ending = Reason.HANDLER_CLOSED;
    private long deadlineNanos;

    /**
     * @param initiator the initiator's socket
     * @param target the target's, or {@link #NONE}
     * @param targetWatch what waits on it; {@code null} where there is none
     * @param targets where a target is to come from that is dialed later
     * @param tolls gives what bytes cost
     */
    TakenJoint(
            Handlers handlers,
            Takeover takeover,
            int initiator,
            int target,
            Poller.Watch targetWatch,
            Targets targets,
            Supplier<Toll> tolls,
            Done done) {
        this.handlers = handlers;
        this.takeover = takeover;
        this.initiator = initiator;
        this.target = target;
        this.targetWatch = targetWatch;
        this.targets = targets;
        this.tolls = tolls;
        this.done = done;
    }

    /** Lets the takeover have the connection. */
    void start() {
        handlers.begun();
        takeover.take(this);
    }

    @Override
    public void watch(Poller.Ready ofInitiator, Poller.Ready ofTarget) {
        if (state != State.TAKEN) {
            return;
        }
        targetReady = ofTarget;
        try {
            if (initiatorWatch == null) {
                initiatorWatch = handlers.poller().watch(initiator, Splicer.EVENTS, ofInitiator);
            } else {
                initiatorWatch.ready(ofInitiator);
                initiatorWatch.events(Splicer.EVENTS);
            }
            if (target == Joint.NONE) {
                return;
            }
            if (targetWatch == null) {
                targetWatch = handlers.poller().watch(target, Splicer.EVENTS, ofTarget);
            } else {
                targetWatch.ready(ofTarget);
                // Told anew of what is ready, which an edge would not be (epoll_ctl(2)).
                targetWatch.events(Splicer.EVENTS);
            }
        } catch (UncheckedIOException noWatch) {
            abort(Reason.DESCRIPTORS_EXHAUSTED);
        }
    }

    @Override
    public Toll toll() {
        return tolls.get();
    }

    @Override
    public void unwatch() {
        cancel(initiatorWatch);
        cancel(targetWatch);
        initiatorWatch = null;
        targetWatch = null;
    }

    private static void cancel(Poller.Watch watch) {
        if (watch != null) {
            watch.cancel();
        }
    }

    @Override
    public void dial(Outcome outcome) {
        if (state != State.TAKEN) {
            return;
        }
        if (target != Joint.NONE) {
            outcome.dialed(null);
            return;
        }
        targets.dial(
                new Targets.Outcome() {
                    @Override
                    public void connected(int socket, Poller.Watch watch) {
                        target = socket;
                        targetWatch = watch;
                        watch.ready(targetReady);
                        outcome.dialed(null);
                    }

                    @Override
                    public void failed(Reason reason) {
                        outcome.dialed(reason);
                    }
                });
    }

    @Override
    public void relay() {
        if (state != State.TAKEN || target == Joint.NONE) {
            return;
        }
        state = State.RELAYING;
        Splice relay =
                handlers.splicer()
                        .join(
                                initiator,
                                initiatorWatch,
                                target,
                                targetWatch,
                                handlers.now(),
                                tolls,
                                this::relayOver);
        initiatorWatch = null;
        targetWatch = null;
        if (state == State.RELAYING) {
            splice = relay;
        }
    }

    private void relayOver(Splice over, Reason reason) {
        splice = over;
        finish(reason, false);
    }

    @Override
    public void leave(Reason reason) {
        if (state != State.TAKEN) {
            return;
        }
        if (!takeover.hasReadEnd() && handlers.lastLook().isGone(initiator)) {
            // Whoever read the reset has no more to say.
            finish(Reason.RESET_BY_INITIATOR, true);
            return;
        }
        targets.cancel();
        state = State.LEAVING;
        ending = reason;
        deadlineNanos = handlers.deadline();
        initiatorSide = new HandledSide(handlers, initiator, "initiator", this);
        if (target != Joint.NONE) {
            targetSide = new HandledSide(handlers, target, "target", this);
        }
        // Either may find its peer's end there already, and tell of it.
        leave(initiatorSide, initiatorWatch);
        if (targetSide != null) {
            leave(targetSide, targetWatch);
        }
        initiatorWatch = null;
        targetWatch = null;
        finishIfEnded();
        if (state == State.LEAVING) {
            handlers.closing(this);
        }
    }

    private static void leave(HandledSide side, Poller.Watch watch) {
        try {
            if (watch == null) {
                side.watch();
            } else {
                side.watchedBy(watch);
            }
            side.leave();
        } catch (UncheckedIOException noWatch) {
            side.broken();
        }
    }

    @Override
    public void ended() {
        finishIfEnded();
    }

    private void finishIfEnded() {
        if (state == State.LEAVING
                && initiatorSide.isEnded()
                && (targetSide == null || targetSide.isEnded())) {
            finish(ending, false);
        }
    }

    @Override
    public boolean expire(long nowNanos) {
        if (state != State.LEAVING) {
            return true;
        }
        boolean late = nowNanos - deadlineNanos >= 0;
        if (late) {
            finish(ending, false);
        }
        return late;
    }

    // Nobody reads the streams of sides that are left, but errors of theirs are told.

    @Override
    public void breaks(SocketStream stream) {}

    @Override
    public void broken(SocketStream stream) {
        (stream == initiatorSide.stream() ? initiatorSide : targetSide).broken();
        finishIfEnded();
    }

    @Override
    public void closed(SocketStream stream) {}

    @Override
    public void reset(Reason reason) {
        if (state == State.TAKEN) {
            finish(reason, true);
        }
    }

    @Override
    public void abort(Reason reason) {
        switch (state) {
            case TAKEN -> {
                // A takeover that closes its own part now must not have the peer read an end.
                state = State.OVER;
                takeover.ended(reason);
                finish(reason, true);
            }
            case RELAYING -> {
                if (splice != null) {
                    splice.abort(reason);
                }
            }
            case LEAVING -> finish(reason, true);
            case OVER -> {}
        }
    }

    private void finish(Reason reason, boolean reset) {
        state = State.OVER;
        ending = reason;
        handlers.over(this);
        targets.cancel();
        unwatch();
        cancelWatch(initiatorSide);
        cancelWatch(targetSide);
        try {
            done.done(this, reason);
        } finally {
            // A relay closes them itself.
            if (splice == null) {
                close(initiator, initiatorSide, reset);
                close(target, targetSide, reset);
            }
            takeover.over();
        }
    }

    private static void cancelWatch(HandledSide side) {
        if (side != null) {
            side.cancelWatch();
        }
    }

    private static void close(int socket, HandledSide side, boolean reset) {
        if (side != null) {
            side.close(reset);
        } else if (socket != Joint.NONE) {
            // Not left, so it is a reset; also where a duplicate is open yet.
            Syscall.linger(socket, 0);
            Syscall.disconnect(socket);
            Syscall.close(socket);
        }
    }

    @Override
    public String state() {
        Splice relay = splice;
        return relay == null ? takeover.state() : relay.state();
    }

    @Override
    public boolean isBusy() {
        return splice != null && splice.isBusy();
    }

    @Override
    public boolean isBroken() {
        if (state == State.RELAYING && splice != null) {
            return splice.isBroken();
        }
        if (state != State.OVER && handlers.lastLook().isGone(initiator)) {
            abort(Reason.RESET_BY_INITIATOR);
        }
        return state == State.OVER;
    }

    @Override
    public int initiator() {
        return initiator;
    }

    @Override
    public int target() {
        return target;
    }

    @Override
    public long bytesUp() {
        return takeover.bytesUp() + (splice == null ? 0 : splice.bytesUp());
    }

    @Override
    public long bytesDown() {
        return takeover.bytesDown() + (splice == null ? 0 : splice.bytesDown());
    }
}
