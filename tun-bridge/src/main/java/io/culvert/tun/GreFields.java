package io.culvert.tun;

/**
 * Which of the optional fields the GRE headers of a tunnel have that we write. Immutable.
 *
 * @param key RFC 2890 section 2.1, 32 bits without a sign; {@link #NO_KEY} for none. The packets
 *     that come in have the same, or none
 * @param checksum RFC 2784 section 2.5
 * @param sequence RFC 2890 section 2.2
 */
public record GreFields(long key, boolean checksum, boolean sequence) {
    public static final long NO_KEY = -1;

    /** No field at all: four bytes. */
    public static final GreFields NONE = new GreFields(NO_KEY, false, false);

    private static final long LARGEST_KEY = 0xffff_ffffL;

    public GreFields {
        if (key < NO_KEY || key > LARGEST_KEY) {
            throw new IllegalArgumentException("a key has 32 bits: " + key);
        }
    }

    public GreFields withKey(long key) {
        return new GreFields(key, checksum, sequence);
    }

    public GreFields withChecksum() {
        return new GreFields(key, true, sequence);
    }

    public GreFields withSequence() {
        return new GreFields(key, checksum, true);
    }

    boolean hasKey() {
        return key != NO_KEY;
    }

    /** Bytes of a header with these fields. */
    int length() {
        int words = 1 + (checksum ? 1 : 0) + (hasKey() ? 1 : 0) + (sequence ? 1 : 0);
        return words * Integer.BYTES;
    }
}
