package io.culvert.upgrade;

import io.culvert.flow.Direction;
import io.culvert.hook.Reason;
import io.culvert.linux.SocketOptions;
import io.culvert.linux.Syscall;

import java.io.UncheckedIOException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Two joined sockets; a {@link Splicer} makes it.
 *
 * <p>Confined to one worker.
 */
public final class Splice implements Joint {
    private final Splicer splicer;
    private final SpliceDirection up;
    private final SpliceDirection down;
    private final Splicer.Done done;
    private Poller.Watch initiatorWatch;
    private Poller.Watch targetWatch;
    private boolean over;
    private boolean again;
    private boolean later;
    private boolean moved;
    private boolean listed;
    private long lastMovedNanos;

    /**
     * @param tolls gives what a direction pays; {@code null} where packets do
     */
    Splice(
            Splicer splicer,
            Splicer.Shared shared,
            int initiator,
            int target,
            Supplier<Toll> tolls,
            Splicer.Done done) {
        this.splicer = splicer;
        this.done = done;
        up =
                new SpliceDirection(
                        this, shared, initiator, target, Direction.FROM_INITIATOR, tolls.get());
        down =
                new SpliceDirection(
                        this, shared, target, initiator, Direction.FROM_TARGET, tolls.get());
    }

    void start(Poller.Watch initiatorWatch, Poller.Watch targetWatch, long nowNanos) {
        lastMovedNanos = nowNanos;
        this.initiatorWatch = initiatorWatch;
        this.targetWatch = targetWatch;
        try {
            if (initiatorWatch == null) {
                this.initiatorWatch =
                        splicer.poller().watch(up.from(), Splicer.EVENTS, this::initiatorReady);
            }
            if (targetWatch == null) {
                this.targetWatch =
                        splicer.poller().watch(down.from(), Splicer.EVENTS, this::targetReady);
            }
        } catch (UncheckedIOException noWatch) {
            abort(Reason.DESCRIPTORS_EXHAUSTED);
            return;
        }
        if (initiatorWatch != null) {
            initiatorWatch.ready(this::initiatorReady);
            up.readBlindly();
        }
        if (targetWatch != null) {
            // What it told before is lost, the end of input included: read until the kernel
            // says that there is no more.
            targetWatch.ready(this::targetReady);
            down.readBlindly();
        }
        pump();
    }

    @Override
    public int initiator() {
        return up.from();
    }

    @Override
    public int target() {
        return down.from();
    }

    /** Bytes moved from the initiator to the target. */
    @Override
    public long bytesUp() {
        return up.bytes();
    }

    /** Bytes moved from the target to the initiator. */
    @Override
    public long bytesDown() {
        return down.bytes();
    }

    /** Whether a direction moves so much that it has a pipe. */
    @Override
    public boolean isBusy() {
        return up.isBusy() || down.isBusy();
    }

    public boolean isHalfClosed() {
        return listed;
    }

    @Override
    public String state() {
        return listed ? "half-closed" : "relaying";
    }

    @Override
    public boolean isBroken() {
        return over || failed(up) || failed(down);
    }

    @Override
    public void abort(Reason reason) {
        if (!over) {
            reset(up.from());
            reset(down.from());
            finish(reason);
        }
    }

    private void initiatorReady(int events) {
        ready(events, up, down);
    }

    private void targetReady(int events) {
        ready(events, down, up);
    }

    private void ready(int events, SpliceDirection reads, SpliceDirection writes) {
        if (over) {
            return;
        }
        if ((events & Poller.ERROR) != 0 && failed(reads)) {
            return;
        }
        if ((events & (Poller.IN | Poller.PEER_CLOSED | Poller.URGENT | Poller.ERROR)) != 0) {
            reads.readable((events & Poller.PEER_CLOSED) != 0, (events & Poller.URGENT) != 0);
        }
        if ((events & Poller.OUT) != 0) {
            writes.writable();
        }
        pump();
    }

    /** A reset reaches us even while the other side takes nothing and so nothing is read. */
    private boolean failed(SpliceDirection half) {
        int error =
                Syscall.getsockopt(half.from(), SocketOptions.SOL_SOCKET, SocketOptions.SO_ERROR);
        if (error <= 0) {
            return false;
        }
        abort(half.brokenBy());
        return true;
    }

    private void pump() {
        if (over || !up.pump() || !down.pump()) {
            return;
        }
        if (isEnded()) {
            finish(Reason.FINISHED);
        } else {
            if (up.isEnded() || down.isEnded()) {
                list();
            }
            if (again) {
                again = false;
                splicer.poller().inTurn(this::pump);
            }
        }
    }

    /** Whether both directions are. */
    boolean isEnded() {
        return up.isEnded() && down.isEnded();
    }

    /** Something has passed. */
    void moved() {
        moved = true;
    }

    /** A direction has more to move, once others have had their turn. */
    void again() {
        again = true;
    }

    /** A direction has to wait until what has passed is paid. */
    void later() {
        if (!later) {
            later = true;
            var _ =
                    splicer.poller()
                            .loop()
                            .schedule(this::paid, Toll.PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private void paid() {
        later = false;
        pump();
    }

    private void list() {
        if (!listed) {
            listed = true;
            // The end that came counts: silence before it does not shorten what is left.
            moved = true;
            splicer.halfClosed().add(this);
        }
    }

    private void unlist() {
        if (listed) {
            listed = false;
            splicer.halfClosed().remove(this);
        }
    }

    /** Cuts it where nothing has moved for so long. */
    void expire(long nowNanos, long limitNanos) {
        if (moved) {
            moved = false;
            lastMovedNanos = nowNanos;
        } else if (nowNanos - lastMovedNanos >= limitNanos) {
            abort(Reason.HALF_CLOSED_IDLE);
        }
    }

    private void finish(Reason reason) {
        over = true;
        splicer.over();
        unlist();
        up.freePipe();
        down.freePipe();
        if (initiatorWatch != null) {
            initiatorWatch.cancel();
        }
        if (targetWatch != null) {
            targetWatch.cancel();
        }
        try {
            done.done(this, reason);
        } finally {
            Syscall.close(up.from());
            Syscall.close(down.from());
        }
    }

    /** socket(7), SO_LINGER: with a linger time of zero, close sends RST and not FIN. */
    private void reset(int socket) {
        Syscall.setsockopt(
                socket, SocketOptions.SOL_SOCKET, SocketOptions.SO_LINGER, splicer.noLinger(), 8);
    }
}
