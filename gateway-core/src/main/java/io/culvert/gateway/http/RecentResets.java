package io.culvert.gateway.http;

/**
 * The streams that were last reset from here. What the other end sent on them before it knew is
 * thrown away, and is no error of its (RFC 9113 section 5.1).
 *
 * <p>Confined to its connection's loop.
 */
final class RecentResets {
    /** As many as may be open at once, by default, and some. */
    private static final int REMEMBERED = 128;

    private final int[] streams = new int[REMEMBERED];
    private int next;

    void add(int stream) {
        streams[next] = stream;
        next = (next + 1) % REMEMBERED;
    }

    boolean has(int stream) {
        for (int each : streams) {
            if (each == stream) {
                return true;
            }
        }
        return false;
    }
}
