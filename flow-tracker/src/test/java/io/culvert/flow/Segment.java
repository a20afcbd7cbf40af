package io.culvert.flow;

import io.culvert.wire.Defect;
import io.culvert.wire.TcpHeader;

import java.nio.ByteBuffer;

/** TCP headers for tests. */
final class Segment {
    private Segment() {}

    static TcpHeader of(int flags) {
        return of(flags, 0, 0, 0);
    }

    static TcpHeader of(int flags, int sequence, int acknowledgment, int payload) {
        return of(flags, sequence, acknowledgment, 0, new byte[0], payload);
    }

    /**
     * @param options a multiple of four bytes
     */
    static TcpHeader of(
            int flags, int sequence, int acknowledgment, int window, byte[] options, int payload) {
        ByteBuffer bytes = ByteBuffer.allocate(20 + options.length + payload);
        bytes.putInt(4, sequence).putInt(8, acknowledgment);
        bytes.put(12, (byte) (80 + options.length / 4 * 16)).put(13, (byte) flags);
        bytes.putShort(14, (short) window).put(20, options);
        TcpHeader header = new TcpHeader();
        if (header.wrap(bytes, 0, bytes.capacity()) != Defect.NONE) {
            throw new AssertionError("these bytes are a header");
        }
        return header;
    }
}
