package io.culvert.e2e;

import io.culvert.linux.Errno;
import io.culvert.linux.Fd;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.Sockets;
import io.culvert.linux.Syscall;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A connection to an on-ramp of type {@code seqpacket} without a device behind it, whose messages a
 * test chooses. Confined to one thread.
 */
final class RawTunnel implements AutoCloseable {
    private static final int LONGEST = 4_096;

    private final Fd socket;
    private ByteBuffer buffer = NativeMemory.allocate(LONGEST);

    private RawTunnel(Fd socket) {
        this.socket = socket;
    }

    /** A connection that has not said what it is. */
    static RawTunnel silent(Path path) throws IOException {
        SocketAddressBuffer address = new SocketAddressBuffer().setUnix(path);
        Fd socket = Sockets.seqpacket();
        int result = Syscall.connect(socket.number(), address.address(), address.length());
        if (result < 0) {
            socket.close();
            throw new IOException("connect: " + Errno.of(-result));
        }
        return new RawTunnel(socket);
    }

    static RawTunnel open(Path path, String context) throws IOException {
        RawTunnel tunnel = silent(path);
        tunnel.send(context.getBytes(StandardCharsets.UTF_8));
        return tunnel;
    }

    Fd socket() {
        return socket;
    }

    boolean isOpen() {
        return socket.isOpen();
    }

    /** Sends a message; the bytes that were taken, or -errno. */
    int send(byte[] message) {
        room(message.length).put(0, message);
        return Syscall.send(
                socket.number(),
                NativeMemory.address(buffer),
                message.length,
                Syscall.MSG_NOSIGNAL);
    }

    /** The next message; empty at the end. */
    byte[] receive() throws Exception {
        long address = NativeMemory.address(room(LONGEST));
        int[] read = new int[1];
        Eventually.holds(
                "a message",
                () -> {
                    read[0] = Syscall.recv(socket.number(), address, LONGEST, 0);
                    return read[0] >= 0 || !Errno.EAGAIN.is(read[0]);
                });
        if (read[0] < 0) {
            throw new IOException("recv: " + Errno.of(-read[0]));
        }
        byte[] message = new byte[read[0]];
        buffer.get(0, message);
        return message;
    }

    /** The same as text. */
    String said() throws Exception {
        return new String(receive(), StandardCharsets.UTF_8);
    }

    private ByteBuffer room(int bytes) {
        if (buffer.capacity() < bytes) {
            buffer = NativeMemory.allocate(bytes);
        }
        return buffer;
    }

    @Override
    public void close() {
        socket.close();
    }
}
