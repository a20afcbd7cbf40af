package io.culvert.gateway.plugin.kit;

import io.culvert.hook.ByteStream;
import io.culvert.hook.Connection;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.Reason;
import io.culvert.hook.RefusedException;
import io.culvert.hook.RelayObserver;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/** A connection between two sides in memory. */
final class MemoryConnection implements Connection {
    private static final int CHUNK = 16 << 10;

    /** Where bytes of one direction are shown. */
    private interface Sight {
        void show(ByteBuffer bytes) throws Exception;
    }

    /** Answers the target's side, or throws as a dial does. */
    interface Dial {
        Side connect() throws IOException;
    }

    private final FlowInfo flow;
    private final Side initiator;
    private final Dial dial;
    private final AtomicReference<Reason> broken = new AtomicReference<>();
    private Side target;

    MemoryConnection(FlowInfo flow, Side initiator, Dial dial) {
        this.flow = flow;
        this.initiator = initiator;
        this.dial = dial;
    }

    @Override
    public FlowInfo flow() {
        return flow;
    }

    @Override
    public ByteStream initiator() {
        return initiator;
    }

    @Override
    public ByteStream target() throws IOException {
        return dialed();
    }

    private synchronized Side dialed() throws IOException {
        if (target == null) {
            target = dial.connect();
        }
        return target;
    }

    @Override
    public void relay() throws IOException {
        relay(bytes -> {}, bytes -> {});
    }

    @Override
    public void relay(RelayObserver observer) throws IOException {
        relay(observer::fromInitiator, observer::fromTarget);
    }

    private void relay(Sight fromInitiator, Sight fromTarget) throws IOException {
        Side other = dialed();
        AtomicReference<IOException> failure = new AtomicReference<>();
        Thread back =
                Thread.ofVirtual()
                        .name("from target")
                        .start(() -> pump(other, initiator, fromTarget, failure));
        pump(initiator, other, fromInitiator, failure);
        try {
            back.join();
        } catch (InterruptedException e) {
            reset();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        if (failure.get() != null) {
            throw failure.get();
        }
    }

    private void pump(Side from, Side to, Sight sight, AtomicReference<IOException> failure) {
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
        try {
            while (from.read(chunk.clear()) >= 0) {
                chunk.flip();
                show(chunk.asReadOnlyBuffer(), sight);
                to.write(chunk);
            }
            to.shutdownOutput();
        } catch (IOException e) {
            failure.compareAndSet(null, e);
            reset(
                    switch (e) {
                        case ObserverFailed _ -> Reason.HANDLER_FAILED;
                        case RefusedException _ -> Reason.HANDLER_REFUSED;
                        default -> Reason.HANDLER_CLOSED;
                    });
        }
    }

    private static void show(ByteBuffer bytes, Sight sight) throws IOException {
        try {
            sight.show(bytes);
        } catch (RefusedException meant) {
            throw meant;
        } catch (Exception e) {
            throw new ObserverFailed(e);
        }
    }

    /** The observer threw what is its cause. */
    private static final class ObserverFailed extends IOException {
        private static final long serialVersionUID = 1L;

        ObserverFailed(Exception cause) {
            super("the observer threw " + cause, cause);
        }
    }

    @Override
    public void reset() {
        reset(Reason.HANDLER_CLOSED);
    }

    /** The first reason counts. */
    void reset(Reason why) {
        broken.compareAndSet(null, why);
        initiator.reset();
        dialedAlready().ifPresent(Side::reset);
    }

    /** As after a handler that has returned. */
    void close() {
        initiator.close();
        dialedAlready().ifPresent(Side::close);
    }

    /** Why it was reset before the handler came back; empty where it was not. */
    Optional<Reason> broken() {
        return Optional.ofNullable(broken.get());
    }

    /** Whether both peers have said their last. */
    boolean hasEnded() {
        return initiator.hasEnded() && dialedAlready().map(Side::hasEnded).orElse(false);
    }

    private synchronized Optional<Side> dialedAlready() {
        return Optional.ofNullable(target);
    }
}
