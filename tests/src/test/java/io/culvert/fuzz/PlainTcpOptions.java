package io.culvert.fuzz;

import java.nio.ByteBuffer;

/** The options of a TCP segment whose lengths are right: RFC 9293, 7323, 2018. */
final class PlainTcpOptions {
    /** Where in the segment a SYN's MSS is; -1 where there is none. */
    final int sizeAt;

    final int windowScale;
    final boolean sackPermitted;
    final int furthest;
    final boolean plainAcknowledgment;

    private PlainTcpOptions(ByteBuffer segment) {
        int flags = segment.get(13) & 0xff;
        int header = (segment.get(12) & 0xf0) >>> 2;
        boolean syn = (flags & 2) != 0;
        int mss = -1;
        int scale = -1;
        boolean sack = false;
        int sackAt = -1;
        boolean onlyTimestamp = header == 32 && segment.getInt(20) == 0x0101080a;
        for (int at = 20; at < header && segment.get(at) != 0; ) {
            int kind = segment.get(at) & 0xff;
            int length = kind == 1 ? 1 : segment.get(at + 1) & 0xff;
            if (syn && kind == 2 && length == 4) mss = at + 2;
            if (syn && kind == 3 && length == 3) scale = Math.min(14, segment.get(at + 2) & 0xff);
            if (syn && kind == 4 && length == 2) sack = true;
            if (!syn && kind == 5 && length % 8 == 2) sackAt = at;
            at += length;
        }
        sizeAt = mss;
        windowScale = scale;
        sackPermitted = sack;
        furthest = furthest(segment, sackAt);
        plainAcknowledgment =
                flags == 0x10 && header == segment.limit() && (header == 20 || onlyTimestamp);
    }

    static PlainTcpOptions of(byte[] segment) {
        return new PlainTcpOptions(ByteBuffer.wrap(segment));
    }

    private static int furthest(ByteBuffer segment, int sackAt) {
        int furthest = segment.getInt(8);
        if (sackAt < 0) return furthest;
        int end = sackAt + (segment.get(sackAt + 1) & 0xff);
        for (int edge = sackAt + 6; edge < end; edge += 8) {
            if (segment.getInt(edge) - furthest > 0) furthest = segment.getInt(edge);
        }
        return furthest;
    }
}
