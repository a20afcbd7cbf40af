package io.culvert.wire;

/**
 * A range of addresses that share their first bits (RFC 4632, RFC 4291 section 2.3).
 *
 * @param address the first of them
 * @param length bits shared: 0 to 32 for IPv4, 0 to 128 for IPv6
 */
public record Prefix(IpAddress address, int length) {
    private static final int MAPPED_LENGTH = 96;

    public Prefix {
        if (length < 0 || length > (address.isIpv4() ? 32 : 128)) {
            throw new IllegalArgumentException("no prefix length of " + address + ": " + length);
        }
        int bits = bits(address, length);
        IpAddress first =
                new IpAddress(address.high() & highMask(bits), address.low() & lowMask(bits));
        if (!first.equals(address)) {
            throw new IllegalArgumentException(
                    address + "/" + length + " has host bits set; write " + first + "/" + length);
        }
    }

    /**
     * Reads {@code ADDRESS/LENGTH}; a bare address is that one host.
     *
     * @throws IllegalArgumentException if it is neither, or bits beyond the length are set: then
     *     the message has the prefix that may have been meant
     */
    public static Prefix parse(String text) {
        int slash = text.indexOf('/');
        if (slash < 0) {
            IpAddress host = IpAddress.parse(text);
            return new Prefix(host, host.isIpv4() ? 32 : 128);
        }
        String length = text.substring(slash + 1);
        if (!length.matches("0|[1-9][0-9]{0,2}")) {
            throw new IllegalArgumentException("no prefix length: " + text);
        }
        return new Prefix(IpAddress.parse(text.substring(0, slash)), Integer.parseInt(length));
    }

    /** Whether an address, IPv4 in mapped form, is in it. No IPv6 prefix contains an IPv4 one. */
    public boolean contains(long high, long low) {
        int bits = bits(address, length);
        return (high & highMask(bits)) == address.high()
                && (low & lowMask(bits)) == address.low()
                && IpAddress.isIpv4(high, low) == address.isIpv4();
    }

    public boolean contains(IpAddress other) {
        return contains(other.high(), other.low());
    }

    @Override
    public String toString() {
        return address + "/" + length;
    }

    private static int bits(IpAddress address, int length) {
        return address.isIpv4() ? MAPPED_LENGTH + length : length;
    }

    private static long highMask(int bits) {
        if (bits >= 64) return -1;
        return bits == 0 ? 0 : -1L << (64 - bits);
    }

    private static long lowMask(int bits) {
        if (bits <= 64) return 0;
        return -1L << (128 - bits);
    }
}
