package io.culvert.gateway.plugin.kit;

import io.culvert.hook.ByteStream;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.Objects;

/** One end of two pipes, as a handler sees a socket. */
final class Side implements ByteStream {
    private final Pipe in;
    private final Pipe out;
    private volatile Duration limit = Duration.ZERO;
    private volatile boolean closed;

    Side(Pipe in, Pipe out) {
        this.in = in;
        this.out = out;
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        checkOpen();
        return into.hasRemaining() ? in.read(into, limit) : 0;
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
        checkOpen();
        return out.write(from, limit);
    }

    private void checkOpen() throws ClosedChannelException {
        if (closed) {
            throw new ClosedChannelException();
        }
    }

    @Override
    public void timeout(Duration span) {
        if (span.isNegative()) {
            throw new IllegalArgumentException("a limit is not negative");
        }
        limit = Objects.requireNonNull(span);
    }

    @Override
    public void shutdownOutput() throws IOException {
        checkOpen();
        out.end();
    }

    @Override
    public boolean isOpen() {
        return !closed;
    }

    /** What was written arrives. */
    @Override
    public void close() {
        closed = true;
        out.end();
        in.close();
    }

    void reset() {
        closed = true;
        // Before the peer hears of it, and ends what it says: that is not to be read as an end.
        in.reset();
        out.reset();
    }

    /** Whether the peer has said its last. */
    boolean hasEnded() {
        return in.hasEnded();
    }
}
