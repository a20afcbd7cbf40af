package io.culvert.upgrade;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.NanoClock;
import io.culvert.hook.ByteStream;
import io.culvert.hook.Connection;
import io.culvert.hook.ConnectionHandler;
import io.culvert.hook.Context;
import io.culvert.hook.Endpoint;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.Reason;
import io.culvert.hook.TunnelInfo;
import io.culvert.linux.Fd;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/** A connection that a handler has, seen from both peers and from the gateway. */
final class Handled implements AutoCloseable {
    private static final long PATIENCE_NANOS = 20_000_000_000L;

    /** The peers' ends, which block. */
    final Fd initiator;

    final Fd target;

    /** How the connection ended, and how many bytes of it passed. */
    final CompletableFuture<Ending> ending = new CompletableFuture<>();

    /** What the handler is said to have failed by. */
    final List<Throwable> failures = new CopyOnWriteArrayList<>();

    /** The handler's thread, once it has begun. */
    private final CompletableFuture<Thread> handling = new CompletableFuture<>();

    /** The handler has returned for good. */
    final CompletableFuture<Object> over = new CompletableFuture<>();

    final HandledJoint joint;

    record Ending(Reason reason, long up, long down) {}

    /** One worker's part of all of them. */
    static final class Worker {
        final Loop loop;
        final ManualClock clock = new ManualClock();
        final Splicer splicer;
        final Handlers handlers;

        Worker() throws Exception {
            loop = new Loop();
            splicer = new Splicer(loop.poller, 256 * 1024);
            NanoClock now = clock;
            handlers = new Handlers(loop.poller, splicer, new LastLook(), now);
        }

        int live() throws Exception {
            return loop.call(handlers::live);
        }

        /** Until nothing is left but what waits to be used again, which goes. */
        void rest() throws Exception {
            loop.await(() -> handlers.live() == 0);
            loop.run(splicer::close);
        }
    }

    /** Both sides are connected. */
    static Handled of(Worker worker, Streams.Kind kind, ConnectionHandler handler)
            throws Exception {
        Streams.Connection up = Streams.connect(kind);
        Streams.Connection down = Streams.connect(kind);
        return new Handled(worker, handler, up, down, null);
    }

    /**
     * The initiator alone is.
     *
     * @param targets whom the handler gets when it asks for the target
     */
    static Handled answering(
            Worker worker, Streams.Kind kind, Targets targets, ConnectionHandler handler)
            throws Exception {
        return new Handled(worker, handler, Streams.connect(kind), null, targets);
    }

    private Handled(
            Worker worker,
            ConnectionHandler handler,
            Streams.Connection up,
            Streams.Connection down,
            Targets targets)
            throws Exception {
        initiator = up.peer();
        target = down == null ? null : down.peer();
        int from = up.ours().release();
        int to = down == null ? Joint.NONE : down.ours().release();
        joint = worker.loop.call(() -> begin(worker, handler, from, to, targets));
    }

    private HandledJoint begin(
            Worker worker, ConnectionHandler handler, int from, int to, Targets targets) {
        HandledJoint begun =
                new HandledJoint(
                        worker.handlers,
                        new Recorder(handler),
                        "handler",
                        from,
                        targets == null ? new NoTargets() : targets,
                        (ended, reason) ->
                                ending.complete(
                                        new Ending(reason, ended.bytesUp(), ended.bytesDown())));
        if (to != Joint.NONE) {
            begun.target(to, worker.loop.poller.watch(to, Splicer.EVENTS, events -> {}));
        }
        begun.start();
        return begun;
    }

    /** Nobody is to be dialed. */
    private static final class NoTargets implements Targets {
        @Override
        public void dial(Outcome outcome) {
            outcome.failed(Reason.DIAL_UNREACHABLE);
        }

        @Override
        public void cancel() {}
    }

    /** Calls a handler and writes down what comes of it. */
    private final class Recorder implements Handling {
        private final ConnectionHandler handler;

        private Recorder(ConnectionHandler handler) {
            this.handler = handler;
        }

        @Override
        public FlowInfo flow() {
            InetAddress loopback = InetAddress.getLoopbackAddress();
            return new FlowInfo(
                    "acme",
                    new TunnelInfo("branch", "", Map.of()),
                    FlowInfo.TCP,
                    new Endpoint(loopback, 1),
                    new Endpoint(loopback, 2),
                    Context.EMPTY);
        }

        @Override
        public boolean answersFirst() {
            return handler.answersFirst();
        }

        @Override
        public void handle(Connection connection) throws Exception {
            handling.complete(Thread.currentThread());
            handler.handle(connection);
        }

        @Override
        public void failed(Throwable failure) {
            failures.add(failure);
        }

        @Override
        public void over() {
            if (!over.complete(this)) {
                failures.add(new IllegalStateException("over is told twice"));
            }
        }
    }

    static String read(ByteStream from, int length) throws IOException {
        return new String(from.input().readNBytes(length), StandardCharsets.UTF_8);
    }

    static void write(ByteStream to, String text) throws IOException {
        to.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    /** The handler's thread has nothing to do but to wait. */
    void awaitBlocked() throws Exception {
        Thread thread = handling.get(20, TimeUnit.SECONDS);
        long start = System.nanoTime();
        while (thread.getState() != Thread.State.WAITING) {
            assertTrue(System.nanoTime() - start < PATIENCE_NANOS, () -> "" + thread.getState());
            Thread.onSpinWait();
        }
    }

    Ending ending() throws Exception {
        return ending.get(30, TimeUnit.SECONDS);
    }

    Reason reason() throws Exception {
        return ending().reason();
    }

    void awaitOver() throws Exception {
        Object unused = over.get(30, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        initiator.close();
        if (target != null) {
            target.close();
        }
    }
}
