package io.culvert.upgrade;

import io.culvert.hook.ByteStream;
import io.culvert.hook.RefusedException;
import io.culvert.hook.RelayObserver;
import io.culvert.linux.NativeMemory;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.Serial;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/**
 * Joins two streams and shows an observer what passes, before it does. Each direction has a thread:
 * the calling one that from the initiator, one of its own that from the target. Each passes the end
 * on as well; where one fails, both streams end, and so does the other.
 */
final class ObservedRelay {
    private static final int CHUNK = 64 * 1024;

    private final ByteStream initiator;
    private final ByteStream target;
    private final RelayObserver observer;
    private final Consumer<IOException> broken;
    private final AtomicReference<IOException> first = new AtomicReference<>();

    /** The observer has thrown the cause. */
    static final class ObserverFailed extends IOException {
        @Serial private static final long serialVersionUID = 1;

        private ObserverFailed(Throwable cause) {
            super("the observer failed", cause);
        }
    }

    /** One of the observer's two methods. */
    private interface Sight {
        void bytes(ByteBuffer bytes) throws Exception;
    }

    /**
     * @param broken told once of the first failure, on the thread that met it; ends both streams
     */
    ObservedRelay(
            ByteStream initiator,
            ByteStream target,
            RelayObserver observer,
            Consumer<IOException> broken) {
        this.initiator = initiator;
        this.target = target;
        this.observer = observer;
        this.broken = broken;
    }

    /**
     * Returns when both sides have ended.
     *
     * @throws IOException the first failure of either direction
     */
    void run() throws IOException {
        Thread down =
                Thread.ofVirtual()
                        .name(Thread.currentThread().getName() + ", from the target")
                        .start(() -> pass(target, initiator, observer::fromTarget));
        pass(initiator, target, observer::fromInitiator);
        join(down);
        IOException failure = first.get();
        if (failure != null) {
            throw failure;
        }
    }

    private void join(Thread down) {
        boolean interrupted = false;
        while (down.isAlive()) {
            try {
                down.join();
            } catch (InterruptedException e) {
                interrupted = true;
                fail(new InterruptedIOException("interrupted while relaying"));
                // The observer may be waiting for something of its own.
                down.interrupt();
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void pass(ByteStream from, ByteStream to, Sight sight) {
        ByteBuffer chunk = NativeMemory.allocate(CHUNK);
        try {
            while (from.read(chunk.clear()) >= 0) {
                show(sight, chunk.flip());
                to.write(chunk);
            }
            to.shutdownOutput();
        } catch (IOException e) {
            fail(e);
        }
    }

    private static void show(Sight sight, ByteBuffer bytes) throws IOException {
        try {
            sight.bytes(bytes.asReadOnlyBuffer());
        } catch (RefusedException meant) {
            throw meant;
        } catch (Throwable thrown) {
            // An observer is a plugin's, and each of its failures costs this connection alone.
            throw new ObserverFailed(thrown);
        }
    }

    private void fail(IOException failure) {
        if (first.compareAndSet(null, failure)) {
            broken.accept(failure);
        }
    }
}
