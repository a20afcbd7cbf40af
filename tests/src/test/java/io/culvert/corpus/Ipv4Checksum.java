package io.culvert.corpus;

import java.nio.ByteBuffer;

/** The IPv4 header checksum, word by word as RFC 791 section 3.1 tells it: no code in common. */
public final class Ipv4Checksum {
    private static final int FIELD = 10;

    private Ipv4Checksum() {}

    /** Makes it true, over as many words as the header claims and the buffer has. */
    public static void mend(ByteBuffer bytes) {
        int end = Math.min((bytes.get(0) & 0xf) * 4, bytes.limit() & ~1);
        int sum = 0;
        for (int at = 0; at < end; at += 2) {
            if (at != FIELD) sum += bytes.getShort(at) & 0xffff;
        }
        while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
        bytes.putShort(FIELD, (short) ~sum);
    }
}
