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
        ByteBuffer bytes = ByteBuffer.allocate(20 + payload);
        bytes.putInt(4, sequence).putInt(8, acknowledgment);
        bytes.put(12, (byte) 0x50).put(13, (byte) flags);
        TcpHeader header = new TcpHeader();
        if (header.wrap(bytes, 0, bytes.capacity()) != Defect.NONE) {
            throw new AssertionError("20 bytes and an offset of 5 are a header");
        }
        return header;
    }
}
