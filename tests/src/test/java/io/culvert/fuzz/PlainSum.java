package io.culvert.fuzz;

/** RFC 1071 section 4.1, a word at a time; a sum of data that holds its own checksum is ffff. */
final class PlainSum {
    private PlainSum() {}

    /** An odd last byte counts as the upper one of its word. */
    static int of(byte[] bytes, int from, int to) {
        int sum = 0;
        for (int i = from; i < to; i++) {
            sum = add(sum, (bytes[i] & 0xff) << ((i - from) % 2 == 0 ? 8 : 0));
        }
        return sum;
    }

    static int add(int sum, int other) {
        int total = sum + other;
        return total > 0xffff ? total - 0xffff : total;
    }

    /** Whether two sums are the same number: both zeros of ones-complement arithmetic are. */
    static boolean same(int sum, int other) {
        return sum % 0xffff == other % 0xffff;
    }
}
