package io.culvert.upgrade;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.linux.Errno;
import io.culvert.linux.Fd;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.Syscall;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Short texts by a blocking socket. */
record Peer(Fd socket) {
    private static final int MOST = 4_096;

    void write(String text) {
        write(text.getBytes(StandardCharsets.UTF_8));
    }

    void write(byte[] bytes) {
        ByteBuffer buffer = NativeMemory.allocate(bytes.length).put(0, bytes);
        int sent =
                Syscall.send(
                        socket.number(),
                        NativeMemory.address(buffer),
                        bytes.length,
                        Syscall.MSG_NOSIGNAL);
        assertTrue(sent == bytes.length, () -> "sent " + sent);
    }

    /** So many bytes, or fewer where the end comes before. */
    String read(int length) {
        ByteBuffer buffer = NativeMemory.allocate(length);
        int got = 0;
        while (got < length) {
            int read =
                    Syscall.recv(
                            socket.number(), NativeMemory.address(buffer) + got, length - got, 0);
            assertTrue(read >= 0, () -> "a read failed: " + Errno.of(-read));
            if (read == 0) {
                break;
            }
            got += read;
        }
        byte[] bytes = new byte[got];
        buffer.get(0, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** Everything to the end, which is not much. */
    String readAll() {
        return read(MOST);
    }
}
