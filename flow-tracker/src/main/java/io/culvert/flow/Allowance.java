package io.culvert.flow;

/**
 * What one holder may use; 0 is no limit.
 *
 * @param flowsPerSecond that it opens, up to a second's worth at once
 * @param flows of it that live at once
 * @param packetsPerSecond in both directions together, up to a second's worth at once
 * @param bytesPerSecond in both directions together, in IP lengths, up to a second's worth at once
 */
public record Allowance(int flowsPerSecond, int flows, long packetsPerSecond, long bytesPerSecond) {
    /**
     * However low the rate, so much may pass at once: packets come as one of up to 64 KiB that
     * stands for a train, and would never pass otherwise.
     */
    static final int LEAST_BYTES = 64 * 1024;

    /** What such a train has, at the segment size of an Ethernet and below. */
    static final int LEAST_PACKETS = 64;

    public Allowance {
        if (flowsPerSecond < 0 || flows < 0 || packetsPerSecond < 0 || bytesPerSecond < 0) {
            throw new IllegalArgumentException("a limit below none");
        }
    }

    /** Of packets and bytes alone. */
    public static Allowance ofTraffic(long packetsPerSecond, long bytesPerSecond) {
        return new Allowance(0, 0, packetsPerSecond, bytesPerSecond);
    }
}
