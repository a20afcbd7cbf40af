package io.culvert.hook;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.ByteChannel;
import java.nio.channels.Channels;
import java.time.Duration;

/**
 * One side of a connection, as a blocking channel. {@code read} answers -1 at its end; a reset is
 * an {@link IOException}.
 */
public interface ByteStream extends ByteChannel {
    /**
     * How long a read may wait, or a write; then it throws {@link java.net.SocketTimeoutException}
     * and the stream is as it was. Zero, the default, is for ever.
     *
     * @param limit not negative; it counts anew for each call
     */
    void timeout(Duration limit);

    /**
     * Nothing more will be written; the peer reads the end.
     *
     * @throws IOException the stream was reset, or is closed
     */
    void shutdownOutput() throws IOException;

    /**
     * As a stream to read from. Closing it closes this.
     *
     * @return a stream whose reads block, and wait no longer than the {@link #timeout}
     */
    default InputStream input() {
        return Channels.newInputStream(this);
    }

    /**
     * As a stream to write to. Closing it closes this.
     *
     * @return a stream without a buffer, whose writes block likewise
     */
    default OutputStream output() {
        return Channels.newOutputStream(this);
    }
}
