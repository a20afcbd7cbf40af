package io.culvert.hook;

/**
 * How much of a flow passes in a second, both directions together; what is beyond is dropped, as on
 * a link of that speed. 0 is no limit.
 *
 * @param packetsPerSecond IP packets; one that stands for a train counts as the train
 * @param bytesPerSecond IP headers included
 */
public record Rate(long packetsPerSecond, long bytesPerSecond) {
    /** No limit. */
    public static final Rate UNLIMITED = new Rate(0, 0);

    /**
     * Of both limits.
     *
     * @throws IllegalArgumentException if one is negative
     */
    public Rate {
        if (packetsPerSecond < 0 || bytesPerSecond < 0) {
            throw new IllegalArgumentException("a rate is not negative");
        }
    }
}
