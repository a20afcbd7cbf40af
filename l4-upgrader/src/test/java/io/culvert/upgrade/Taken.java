package io.culvert.upgrade;

import io.culvert.hook.Reason;
import io.culvert.linux.Fd;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.Syscall;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A connection that a takeover has, seen from both peers and from the gateway. */
final class Taken implements AutoCloseable {
    /** The peers' ends, which block. */
    final Fd initiator;

    final Fd target;
    final TakenJoint joint;
    final CompletableFuture<Object> over = new CompletableFuture<>();
    private final CompletableFuture<Handled.Ending> ending = new CompletableFuture<>();
    private final CompletableFuture<Reason> elsewhere = new CompletableFuture<>();

    static Taken of(Handled.Worker worker, Streams.Kind kind, Consumer<TakenConnection> taker)
            throws Exception {
        return new Taken(
                worker, taker, Streams.connect(kind), Streams.connect(kind), refusing(null));
    }

    static Taken answering(
            Handled.Worker worker,
            Streams.Kind kind,
            Targets targets,
            Consumer<TakenConnection> taker)
            throws Exception {
        return new Taken(worker, taker, Streams.connect(kind), null, targets);
    }

    private Taken(
            Handled.Worker worker,
            Consumer<TakenConnection> taker,
            Streams.Connection up,
            Streams.Connection down,
            Targets targets)
            throws Exception {
        initiator = up.peer();
        target = down == null ? null : down.peer();
        int from = up.ours().release();
        int to = down == null ? Joint.NONE : down.ours().release();
        joint = worker.loop.call(() -> begin(worker, taker, from, to, targets));
    }

    private TakenJoint begin(
            Handled.Worker worker,
            Consumer<TakenConnection> taker,
            int from,
            int to,
            Targets targets) {
        TakenJoint begun =
                new TakenJoint(
                        worker.handlers,
                        new Recorder(taker),
                        from,
                        to,
                        to == Joint.NONE
                                ? null
                                : worker.loop.poller.watch(to, Splicer.EVENTS, events -> {}),
                        targets,
                        () -> null,
                        (ended, reason) ->
                                ending.complete(
                                        new Handled.Ending(
                                                reason, ended.bytesUp(), ended.bytesDown())));
        begun.start();
        return begun;
    }

    /** Nobody can be dialed. */
    static Targets refusing(Reason reason) {
        return new Targets() {
            @Override
            public void dial(Outcome outcome) {
                outcome.failed(reason);
            }

            @Override
            public void cancel() {}
        };
    }

    private final class Recorder implements Takeover {
        private final Consumer<TakenConnection> taker;

        private Recorder(Consumer<TakenConnection> taker) {
            this.taker = taker;
        }

        @Override
        public boolean answersFirst() {
            return false;
        }

        @Override
        public void take(TakenConnection connection) {
            taker.accept(connection);
        }

        @Override
        public void ended(Reason reason) {
            elsewhere.complete(reason);
        }

        @Override
        public String state() {
            return "taken";
        }

        @Override
        public long bytesUp() {
            return 0;
        }

        @Override
        public long bytesDown() {
            return 0;
        }

        @Override
        public void over() {
            if (!over.complete(this)) {
                throw new IllegalStateException("over is told twice");
            }
        }
    }

    /** What waits in a socket, which stays there. */
    static String peek(int socket, int length) {
        ByteBuffer bytes = NativeMemory.allocate(length);
        int read = Syscall.recv(socket, NativeMemory.address(bytes), length, Syscall.MSG_PEEK);
        byte[] text = new byte[read];
        bytes.get(0, text);
        return new String(text, StandardCharsets.UTF_8);
    }

    static void write(int socket, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        ByteBuffer buffer = NativeMemory.allocate(bytes.length);
        buffer.put(0, bytes);
        int sent = Syscall.send(socket, NativeMemory.address(buffer), bytes.length, 0);
        if (sent != bytes.length) {
            throw new IllegalStateException("sent " + sent);
        }
    }

    Handled.Ending ending() throws Exception {
        return ending.get(30, TimeUnit.SECONDS);
    }

    /** Why the takeover was told of the end; {@code null} where it was not. */
    Reason endedFromElsewhere() {
        return elsewhere.getNow(null);
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
