package io.culvert.upgrade;

import io.culvert.hook.Reason;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/**
 * The worker's part of a connection that a handler has: it hears of events and wakes the handler's
 * threads, dials, hands the sockets to the relay, and ends them.
 *
 * <pre>
 *   HANDLING  the handler's threads read and write the sockets themselves
 *     | relay()            | the handler has returned       | reset, failure, the gateway's end
 *   LENDING  both sockets are taken from the handler's threads, as soon as no system call uses them
 *     |                    |
 *   RELAYING  a splice has the sockets; over when that is
 *                          |
 *                        CLOSING  each peer reads the end; its own end is awaited for a moment
 *                          |                                |
 *                         OVER  told; the sockets are closed once no system call uses them
 * </pre>
 *
 * <p>Confined to the worker that owns the flow, but for what says otherwise.
 */
final class HandledJoint implements Joint, Handlers.Leaving, HandledSide.Owner {
    private enum State {
        HANDLING,
        LENDING,
        RELAYING,
        CLOSING,
        OVER
    }

    private final Handlers handlers;
    private final Targets targets;
    private final Done done;
    private final HandledSide initiator;
    private final HandledConnection connection;
    private final Thread thread;
    private final AtomicReference<CompletableFuture<Dialed>> dialed = new AtomicReference<>();

    // Looked at by other threads: to end its stream, or for a word.
    private volatile HandledSide target;
    private volatile State state = State.HANDLING;

    /** Never null again once it is there. */
    private volatile Splice splice;

    /** What has gone wrong that a handler may stumble over; read by its threads. */
    private volatile Reason trouble;

    private CompletableFuture<Reason> relayed;
    private Reason ending = Reason.HANDLER_CLOSED;
    private long deadlineNanos;

    /**
     * @param socket the initiator's
     * @param targets where the target is to come from if the handler wants one
     */
    HandledJoint(
            Handlers handlers,
            Handling handling,
            String name,
            int socket,
            Targets targets,
            Done done) {
        this.handlers = handlers;
        this.targets = targets;
        this.done = done;
        initiator = new HandledSide(handlers, socket, "initiator", this);
        connection = new HandledConnection(handling, this, initiator.stream());
        thread = Thread.ofVirtual().name(name).unstarted(connection);
    }

    /** The target's socket is there already. */
    void target(int socket, Poller.Watch watch) {
        connected(socket, watch);
        dialed.set(CompletableFuture.completedFuture(new Dialed(target.stream(), null)));
    }

    /** Lets the handler have the connection. */
    void start() {
        handlers.begun();
        try {
            initiator.watch();
        } catch (UncheckedIOException noWatch) {
            abort(Reason.DESCRIPTORS_EXHAUSTED);
        }
        try {
            // It finds the connection over where that is so already.
            thread.start();
        } catch (OutOfMemoryError noThread) {
            abort(Reason.HANDLER_FAILED);
            connection.notRun(noThread);
        }
    }

    private void connected(int socket, Poller.Watch watch) {
        target = new HandledSide(handlers, socket, "target", this);
        target.watchedBy(watch);
    }

    @Override
    public void ended() {
        finishIfEnded();
    }

    /** The target's stream, which is dialed where nobody has asked before; on any thread. */
    CompletableFuture<Dialed> dialed() {
        CompletableFuture<Dialed> asked = new CompletableFuture<>();
        CompletableFuture<Dialed> before = dialed.compareAndExchange(null, asked);
        if (before != null) {
            return before;
        }
        handlers.run(() -> dial(asked));
        return asked;
    }

    private void dial(CompletableFuture<Dialed> answer) {
        if (state != State.HANDLING) {
            answer.complete(new Dialed(null, ending));
            return;
        }
        targets.dial(
                new Targets.Outcome() {
                    @Override
                    public void connected(int socket, Poller.Watch watch) {
                        HandledJoint.this.connected(socket, watch);
                        answer.complete(new Dialed(target.stream(), null));
                    }

                    @Override
                    public void failed(Reason reason) {
                        trouble = reason;
                        answer.complete(new Dialed(null, reason));
                    }
                });
    }

    /** Joins both sides by the relay; on any thread. The answer is how that ended. */
    CompletableFuture<Reason> relay() {
        CompletableFuture<Reason> answer = new CompletableFuture<>();
        handlers.run(() -> lend(answer));
        return answer;
    }

    private void lend(CompletableFuture<Reason> answer) {
        if (state != State.HANDLING) {
            answer.complete(ending);
            return;
        }
        relayed = answer;
        if (trouble != null) {
            abort(trouble);
            return;
        }
        state = State.LENDING;
        initiator.lend(this::lent);
        target.lend(this::lent);
    }

    /** Both sockets are free of other threads' calls. */
    private void lent() {
        if (state != State.LENDING || !initiator.isLent() || !target.isLent()) {
            return;
        }
        state = State.RELAYING;
        Splice relay =
                handlers.splicer()
                        .join(
                                initiator.socket(),
                                initiator.giveWatch(),
                                target.socket(),
                                target.giveWatch(),
                                handlers.now(),
                                this::relayOver);
        if (state == State.RELAYING) {
            splice = relay;
        }
    }

    private void relayOver(Splice over, Reason reason) {
        splice = over;
        if (reason != Reason.FINISHED) {
            trouble = reason;
        }
        finish(reason, false);
    }

    @Override
    public void breaks(SocketStream stream) {
        trouble(stream == initiator.stream() ? Reason.RESET_BY_INITIATOR : Reason.RESET_BY_TARGET);
    }

    /** To be said before a handler can hear of it and throw. */
    private void trouble(Reason reason) {
        if (trouble == null) {
            trouble = reason;
        }
    }

    @Override
    public void broken(SocketStream stream) {
        handlers.run(() -> broken(stream == initiator.stream() ? initiator : target));
    }

    private void broken(HandledSide side) {
        side.broken();
        if (state == State.CLOSING) {
            finishIfEnded();
        } else if (side == initiator) {
            abort(Reason.RESET_BY_INITIATOR);
        }
        // Where the target has gone, the handler may have a word for the initiator yet.
    }

    @Override
    public void closed(SocketStream stream) {
        handlers.run(
                () -> {
                    if (state == State.HANDLING) {
                        (stream == initiator.stream() ? initiator : target).leave();
                    }
                });
    }

    /**
     * The handler has returned; on any thread.
     *
     * @param failure why both are to be reset; {@code null} where they are not
     */
    void returned(Reason failure) {
        handlers.run(() -> left(failure));
    }

    private void left(Reason failure) {
        if (state == State.OVER) {
            return;
        }
        if (failure != null || state != State.HANDLING) {
            // Where it left a relay behind on another thread, that ends, too.
            abort(failure == null ? Reason.HANDLER_CLOSED : failure);
            return;
        }
        targets.cancel();
        state = State.CLOSING;
        boolean finished = target != null && initiator.isClosedByPeer() && target.isClosedByPeer();
        ending = finished ? Reason.FINISHED : Reason.HANDLER_CLOSED;
        deadlineNanos = handlers.deadline();
        initiator.leave();
        if (target != null) {
            target.leave();
        }
        if (!finishIfEnded()) {
            handlers.closing(this);
        }
    }

    private boolean finishIfEnded() {
        if (state == State.CLOSING && initiator.isEnded() && (target == null || target.isEnded())) {
            finish(ending, false);
        }
        return state == State.OVER;
    }

    @Override
    public boolean expire(long nowNanos) {
        if (state != State.CLOSING) {
            return true;
        }
        boolean late = nowNanos - deadlineNanos >= 0;
        if (late) {
            finish(ending, false);
        }
        return late;
    }

    /** What has gone wrong so far, or {@code null}; on any thread. */
    Reason trouble() {
        return trouble;
    }

    /**
     * Ends both sides for the handler; on any thread.
     *
     * @param reason where nothing went wrong before
     */
    void reset(Reason reason) {
        trouble(reason);
        end(HandledSide::closedByHandler);
        handlers.run(() -> abort(trouble));
    }

    private void end(Supplier<IOException> why) {
        initiator.stream().end(why);
        if (target != null) {
            target.stream().end(why);
        }
    }

    @Override
    public void abort(Reason reason) {
        if (state == State.OVER) {
            return;
        }
        trouble = reason;
        ending = reason;
        end(() -> new IOException("the connection is over: " + reason.meaning()));
        if (state == State.RELAYING && splice != null) {
            splice.abort(reason);
        } else {
            finish(reason, true);
        }
        if (reason == Reason.SHUTDOWN) {
            thread.interrupt();
        }
    }

    private void finish(Reason reason, boolean reset) {
        state = State.OVER;
        ending = reason;
        handlers.over(this);
        targets.cancel();
        try {
            initiator.cancelWatch();
            if (target != null) {
                target.cancelWatch();
            }
            done.done(this, reason);
        } finally {
            // A relay closes them itself.
            if (splice == null) {
                initiator.close(reset);
                if (target != null) {
                    target.close(reset);
                }
            }
            answer(reason);
        }
    }

    /** Nobody who waits for the worker waits any longer. */
    private void answer(Reason reason) {
        if (relayed != null) {
            relayed.complete(reason);
        }
        CompletableFuture<Dialed> asked = dialed.get();
        if (asked != null) {
            asked.complete(new Dialed(null, reason));
        }
    }

    @Override
    public String state() {
        return splice == null ? "handled" : splice.state();
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
        if (state != State.OVER && handlers.lastLook().isGone(initiator.socket())) {
            abort(initiator.isClosedByPeer() ? Reason.HANDLER_CLOSED : Reason.RESET_BY_INITIATOR);
        }
        return state == State.OVER;
    }

    @Override
    public int initiator() {
        return initiator.socket();
    }

    @Override
    public int target() {
        return target == null ? NONE : target.socket();
    }

    @Override
    public long bytesUp() {
        return initiator.stream().bytesIn() + (splice == null ? 0 : splice.bytesUp());
    }

    @Override
    public long bytesDown() {
        return initiator.stream().bytesOut() + (splice == null ? 0 : splice.bytesDown());
    }
}
