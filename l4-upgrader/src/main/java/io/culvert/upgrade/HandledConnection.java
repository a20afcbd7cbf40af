package io.culvert.upgrade;

import io.culvert.hook.ByteStream;
import io.culvert.hook.Connection;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.Reason;
import io.culvert.hook.RefusedException;
import io.culvert.hook.RelayObserver;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * A handler's view of an upgraded connection, and the thread that the handler has for it. What
 * happens to sockets beyond reading and writing does so on the worker, in {@link HandledJoint}.
 *
 * <p>Thread-safe.
 */
final class HandledConnection implements Connection, Runnable {
    private final Handling handling;
    private final HandledJoint joint;
    private final SocketStream initiator;
    private boolean told;

    HandledConnection(Handling handling, HandledJoint joint, SocketStream initiator) {
        this.handling = handling;
        this.joint = joint;
        this.initiator = initiator;
    }

    @Override
    public FlowInfo flow() {
        return handling.flow();
    }

    @Override
    public ByteStream initiator() {
        return initiator;
    }

    @Override
    public ByteStream target() throws IOException {
        return connectedTarget();
    }

    private SocketStream connectedTarget() throws IOException {
        Dialed dialed = await(joint.dialed());
        if (dialed.failure() != null) {
            throw new ConnectException(dialed.failure().meaning());
        }
        return dialed.stream();
    }

    @Override
    public void relay() throws IOException {
        SocketStream unused = connectedTarget();
        check(await(joint.relay()));
    }

    @Override
    public void relay(RelayObserver observer) throws IOException {
        new ObservedRelay(initiator, connectedTarget(), observer, this::relayBroke).run();
    }

    private void relayBroke(IOException failure) {
        if (failure instanceof ObservedRelay.ObserverFailed) {
            joint.reset(Reason.HANDLER_FAILED);
            tell(failure.getCause());
        } else {
            joint.reset(
                    failure instanceof RefusedException
                            ? Reason.HANDLER_REFUSED
                            : Reason.HANDLER_CLOSED);
        }
    }

    private static void check(Reason ending) throws IOException {
        if (ending != Reason.FINISHED) {
            throw new SocketException("the relay ended: " + ending.meaning());
        }
    }

    /** The worker always answers, at the latest when the connection ends. */
    private static <T> T await(CompletableFuture<T> answer) throws IOException {
        try {
            return answer.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            InterruptedIOException interrupted = new InterruptedIOException("interrupted");
            interrupted.initCause(e);
            throw interrupted;
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        }
    }

    @Override
    public void reset() {
        joint.reset(Reason.HANDLER_CLOSED);
    }

    /** Has the connection handled; on the thread that is for it. */
    @Override
    public void run() {
        Reason failure = null;
        try {
            handling.handle(this);
        } catch (Throwable thrown) {
            // Whatever a handler throws costs its own flow: StackOverflowError has left the stack
            // by now, and what an OutOfMemoryError stands for was the handler's own.
            failure = failure(thrown);
        } finally {
            joint.returned(failure);
            handling.over();
        }
    }

    /** There was no thread for it. */
    void notRun(Throwable failure) {
        tell(failure);
        handling.over();
    }

    /** What has ended the connection where its handler throws. */
    private Reason failure(Throwable thrown) {
        Reason known = joint.trouble();
        boolean expected =
                thrown instanceof IOException
                        || thrown instanceof UncheckedIOException
                        || thrown instanceof InterruptedException;
        if (known != null && expected) {
            return known;
        }
        if (thrown instanceof RefusedException) {
            return Reason.HANDLER_REFUSED;
        }
        tell(thrown);
        return Reason.HANDLER_FAILED;
    }

    private void tell(Throwable failure) {
        synchronized (this) {
            if (told) {
                return;
            }
            told = true;
        }
        handling.failed(failure);
    }
}
