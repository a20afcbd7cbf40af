package io.culvert.upgrade;

import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.concurrent.Future;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * One worker's event loop: waits on descriptors with epoll(7) and says which are ready. A thin face
 * of a Netty event loop, so that plain descriptors, Netty channels and timers share one thread.
 *
 * <p>Threading: {@link #execute} and {@link #inLoop} from anywhere, the rest on the loop's own
 * thread.
 */
public final class Poller {
    /** epoll_ctl(2) events. */
    public static final int IN = EpollIoOps.EPOLLIN.value();

    /** Urgent data, tcp(7). */
    public static final int URGENT = 0x2;

    public static final int OUT = EpollIoOps.EPOLLOUT.value();
    public static final int ERROR = EpollIoOps.EPOLLERR.value();
    public static final int PEER_CLOSED = EpollIoOps.EPOLLRDHUP.value();
    public static final int EDGE = EpollIoOps.EPOLLET.value();

    private final IoEventLoop loop;
    private final Consumer<Throwable> failures;

    // A batch of events knows descriptors by number. One that is closed while its batch is being
    // told, and given by the kernel to something new at once, would get the old one's event.
    private final BitSet ended = new BitSet();
    private final List<Watch> deaf = new ArrayList<>();
    private boolean batchOpen;
    private Runnable afterEach = () -> {};

    /**
     * @param failures told of what a callback throws; the loop goes on
     */
    public Poller(IoEventLoop loop, Consumer<Throwable> failures) {
        this.loop = loop;
        this.failures = failures;
    }

    /** Told that a descriptor is ready. */
    @FunctionalInterface
    public interface Ready {
        /**
         * @param events those of epoll(7), possibly several at once
         */
        void ready(int events);
    }

    /**
     * Waits on {@code descriptor}, which stays its owner's, until {@link Watch#cancel}, which must
     * come before its close.
     *
     * @throws UncheckedIOException where the kernel waits on no more (epoll(7),
     *     fs.epoll.max_user_watches) or never on such a descriptor; nothing is left behind
     */
    public Watch watch(int descriptor, int events, Ready ready) {
        Watch watch = new Watch(descriptor, ready);
        Future<IoRegistration> registration = loop.register(watch);
        if (!registration.isSuccess()) {
            throw new UncheckedIOException(
                    new IOException(
                            "epoll refuses descriptor " + descriptor, registration.cause()));
        }
        watch.registration = registration.getNow();
        try {
            watch.events(events);
        } catch (UncheckedIOException refused) {
            watch.registration.cancel();
            throw refused;
        }
        if (ended.get(descriptor)) {
            watch.deaf = true;
            deaf.add(watch);
        }
        return watch;
    }

    /**
     * Has something done after each callback, whoever it was for: what was kept meanwhile may wait
     * no longer.
     */
    public void afterEach(Runnable command) {
        afterEach = command;
    }

    private void endOfBatch() {
        batchOpen = false;
        ended.clear();
        for (Watch watch : deaf) {
            watch.hear();
        }
        deaf.clear();
    }

    /** Runs a command on the loop's thread, soon. */
    public void execute(Runnable command) {
        loop.execute(guarded(command));
    }

    /** Runs a command on the loop's thread once descriptors that are ready have had their turn. */
    public void inTurn(Runnable command) {
        // The loop runs commands until none is left, so that one that asks for itself again would
        // keep descriptors waiting; what is scheduled is taken up once a round.
        Future<?> unused = loop.schedule(guarded(command), 0, TimeUnit.NANOSECONDS);
    }

    /** Runs a command on the loop's thread once, so much later. */
    public void after(long millis, Runnable command) {
        // A failure of the command is told by itself.
        Future<?> unused = loop.schedule(guarded(command), millis, TimeUnit.MILLISECONDS);
    }

    /** Runs a command on the loop's thread again and again, until the loop ends or it is told. */
    public Repetition every(long periodMillis, Runnable command) {
        // A failure of the command is told by itself.
        return new Repetition(
                loop.scheduleWithFixedDelay(
                        guarded(command), periodMillis, periodMillis, TimeUnit.MILLISECONDS));
    }

    /** What is done again and again. */
    public static final class Repetition {
        private final Future<?> future;

        private Repetition(Future<?> future) {
            this.future = future;
        }

        /** It is not done any more. */
        public void cancel() {
            future.cancel(false);
        }
    }

    /** The loop itself, for channels that share the thread. */
    public IoEventLoop loop() {
        return loop;
    }

    public boolean inLoop() {
        return loop.inEventLoop();
    }

    private Runnable guarded(Runnable command) {
        return () -> {
            try {
                command.run();
                afterEach.run();
            } catch (RuntimeException | Error e) {
                failures.accept(e);
            }
        };
    }

    /** A descriptor being waited on. */
    public final class Watch implements EpollIoHandle {
        private final FileDescriptor descriptor;
        private Ready ready;
        private IoRegistration registration;
        private int events;
        private boolean deaf;

        private Watch(int descriptor, Ready ready) {
            this.descriptor = new FileDescriptor(descriptor);
            this.ready = ready;
        }

        /** Replaces what is waited for; {@link #ERROR}, which always is, for nothing else. */
        public void events(int replacement) {
            events = replacement;
            registration.submit(EpollIoOps.valueOf(events));
        }

        /** Replaces who is told. */
        public void ready(Ready replacement) {
            ready = replacement;
        }

        /** Stops waiting; no event is told afterwards. */
        public void cancel() {
            if (registration.cancel()) {
                ended.set(descriptor.intValue());
                if (!batchOpen) {
                    batchOpen = true;
                    loop.execute(Poller.this::endOfBatch);
                }
            }
        }

        /** EPOLL_CTL_MOD of epoll_ctl(2) looks anew at what is ready, edge-triggered or not. */
        private void hear() {
            deaf = false;
            if (registration.isValid()) {
                events(events);
            }
        }

        @Override
        public FileDescriptor fd() {
            return descriptor;
        }

        @Override
        public void handle(IoRegistration ignored, IoEvent event) {
            if (deaf) {
                return;
            }
            try {
                ready.ready(((EpollIoEvent) event).ops().value());
                afterEach.run();
            } catch (RuntimeException | Error e) {
                failures.accept(e);
            }
        }

        /** The loop is ending; the descriptor is its owner's to close. */
        @Override
        public void close() {}
    }
}
