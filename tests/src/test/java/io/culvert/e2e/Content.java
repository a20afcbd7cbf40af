package io.culvert.e2e;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Random;

/**
 * A stream of bytes that looks random, differs from that of any other number, and is compared byte
 * by byte while it arrives, which tells where it went wrong and is quicker than a hash.
 */
record Content(int number) {
    /** Not a multiple of anything a network counts in. */
    private static final int PERIOD = 1_048_573;

    private static final int CHUNK = 65_536;
    private static final byte[] BYTES = new byte[PERIOD + CHUNK];

    static {
        new Random(4711).nextBytes(BYTES);
        System.arraycopy(BYTES, 0, BYTES, PERIOD, CHUNK);
    }

    private int start(long position) {
        return (int) ((number * 7919L + position) % PERIOD);
    }

    /** The first bytes of it. */
    byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        for (int at = 0; at < count; at += CHUNK) {
            System.arraycopy(BYTES, start(at), bytes, at, Math.min(CHUNK, count - at));
        }
        return bytes;
    }

    /** Sends the bytes from {@code from} to before {@code to}. */
    void send(SocketChannel channel, long from, long to) throws IOException {
        for (long at = from; at < to; ) {
            int length = (int) Math.min(CHUNK, to - at);
            ByteBuffer chunk = ByteBuffer.wrap(BYTES, start(at), length);
            while (chunk.hasRemaining()) {
                channel.write(chunk);
            }
            at += length;
        }
    }

    void send(SocketChannel channel, long count) throws IOException {
        send(channel, 0, count);
    }

    /** Receives that many bytes and compares them. */
    void receive(SocketChannel channel, long count) throws IOException {
        receive(channel, 0, count);
    }

    void receive(SocketChannel channel, long from, long to) throws IOException {
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
        for (long at = from; at < to; ) {
            chunk.clear().limit((int) Math.min(CHUNK, to - at));
            int read = channel.read(chunk);
            if (read < 0) {
                throw new EOFException("ended after " + at + " of " + to + " bytes");
            }
            compare(chunk.array(), read, at);
            at += read;
        }
    }

    /** Receives to the end, which must be there and nowhere else. */
    void receiveAll(SocketChannel channel, long count) throws IOException {
        receive(channel, count);
        if (channel.read(ByteBuffer.allocate(1)) != -1) {
            throw new AssertionError("more than " + count + " bytes");
        }
    }

    private void compare(byte[] received, int length, long position) {
        int start = start(position);
        int wrong = java.util.Arrays.mismatch(received, 0, length, BYTES, start, start + length);
        if (wrong >= 0) {
            throw new AssertionError("content " + number + ": wrong byte at " + (position + wrong));
        }
    }
}
