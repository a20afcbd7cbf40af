package io.culvert.gateway.demo;

import java.util.Arrays;
import java.util.Locale;

/** Numbers for people. */
final class Amounts {
    private Amounts() {}

    /** {@code 256 MiB}. */
    static String bytes(long bytes) {
        String[] units = {"B", "KiB", "MiB", "GiB", "TiB"};
        double amount = bytes;
        int unit = 0;
        while (amount >= 1000 && unit < units.length - 1) {
            amount /= 1024;
            unit++;
        }
        boolean whole = amount == Math.rint(amount);
        return String.format(Locale.ROOT, whole ? "%.0f %s" : "%.1f %s", amount, units[unit]);
    }

    /** {@code 9.8 Gb/s}. */
    static String rate(long bytes, long nanos) {
        double bitsPerNano = 8.0 * bytes / nanos;
        return bitsPerNano >= 1
                ? String.format(Locale.ROOT, "%.1f Gb/s", bitsPerNano)
                : String.format(Locale.ROOT, "%.0f Mb/s", 1_000 * bitsPerNano);
    }

    /** {@code 0.42 ms}, {@code 1.3 s}. */
    static String time(long nanos) {
        double millis = nanos / 1e6;
        if (millis < 10) {
            return String.format(Locale.ROOT, "%.2f ms", millis);
        }
        return millis < 1_000
                ? String.format(Locale.ROOT, "%.0f ms", millis)
                : String.format(Locale.ROOT, "%.1f s", millis / 1_000);
    }

    /** The middle one of some times. */
    static String median(long[] nanos) {
        long[] sorted = nanos.clone();
        Arrays.sort(sorted);
        return time(sorted[sorted.length / 2]);
    }

    /** {@code 1,234,567}. */
    static String count(long count) {
        return String.format(Locale.ROOT, "%,d", count);
    }
}
