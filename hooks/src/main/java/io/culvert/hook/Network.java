package io.culvert.hook;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Pattern;

/**
 * The addresses that begin with the same bits: {@code 10.0.0.0/8}, {@code 2001:db8::/32}.
 *
 * @param address the first of them
 * @param length how many bits are the same, 0 to 32 or 128
 */
public record Network(InetAddress address, int length) {
    /** Literals only: a name would be asked of a name server. */
    private static final Pattern LITERAL = Pattern.compile("[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");

    /**
     * Of an address and a length.
     *
     * @throws NullPointerException if there is no address
     * @throws IllegalArgumentException where the length is out of range, or bits behind it are set
     */
    public Network {
        byte[] bytes = address.getAddress();
        if (length < 0 || length > 8 * bytes.length) {
            throw new IllegalArgumentException(
                    "the length of a prefix is between 0 and " + 8 * bytes.length);
        }
        for (int bit = length; bit < 8 * bytes.length; bit++) {
            if ((bytes[bit / 8] & (0x80 >>> (bit % 8))) != 0) {
                throw new IllegalArgumentException(
                        address.getHostAddress() + "/" + length + " has bits behind its length");
            }
        }
    }

    /**
     * Reads {@code ADDRESS/LENGTH}, or an address, which is a network of its own.
     *
     * @param text literals only: no name is looked up
     * @return what {@link #toString} writes so
     * @throws IllegalArgumentException with what is wrong
     */
    public static Network parse(String text) {
        int slash = text.indexOf('/');
        String host = slash < 0 ? text : text.substring(0, slash);
        if (!LITERAL.matcher(host).matches()) {
            throw new IllegalArgumentException("\"" + text + "\" is no address or prefix");
        }
        try {
            InetAddress address = InetAddress.getByName(host);
            int length =
                    slash < 0
                            ? 8 * address.getAddress().length
                            : Integer.parseInt(text.substring(slash + 1));
            return new Network(address, length);
        } catch (UnknownHostException | NumberFormatException wrong) {
            throw new IllegalArgumentException("\"" + text + "\" is no address or prefix", wrong);
        }
    }

    /**
     * Whether the address is one of these; never where the families differ.
     *
     * @param other of either family
     * @return false for one of the other family
     */
    public boolean contains(InetAddress other) {
        byte[] ours = address.getAddress();
        byte[] theirs = other.getAddress();
        if (ours.length != theirs.length) {
            return false;
        }
        for (int i = 0; i < length; i += 8) {
            int mask = length - i >= 8 ? 0xff : 0xff << (8 - (length - i));
            if (((ours[i / 8] ^ theirs[i / 8]) & mask) != 0) {
                return false;
            }
        }
        return true;
    }

    @Override
    public String toString() {
        return address.getHostAddress() + "/" + length;
    }
}
