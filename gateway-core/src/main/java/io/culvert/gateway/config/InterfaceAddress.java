package io.culvert.gateway.config;

import io.culvert.wire.IpAddress;
import io.culvert.wire.Prefix;

/**
 * An interface's own address and the length of the network it is on, as {@code ip address add}
 * takes it.
 *
 * @param length in bits of the address's family
 */
public record InterfaceAddress(IpAddress address, int length) {
    /**
     * Reads {@code 10.50.0.1/24}; without a length the address stands alone.
     *
     * @throws IllegalArgumentException with a sentence for the operator
     */
    public static InterfaceAddress parse(String text) {
        int slash = text.indexOf('/');
        IpAddress address = parseAddress(slash < 0 ? text : text.substring(0, slash));
        int width = address.isIpv4() ? 32 : 128;
        if (slash < 0) {
            return new InterfaceAddress(address, width);
        }
        String length = text.substring(slash + 1);
        if (!length.matches("[0-9]{1,3}") || Integer.parseInt(length) > width) {
            throw new IllegalArgumentException(
                    "the length after the slash must be between 0 and " + width);
        }
        return new InterfaceAddress(address, Integer.parseInt(length));
    }

    /**
     * @throws IllegalArgumentException with a sentence for the operator
     */
    static IpAddress parseAddress(String text) {
        try {
            return IpAddress.parse(text);
        } catch (IllegalArgumentException notOne) {
            throw new IllegalArgumentException("\"" + text + "\" is not an IP address", notOne);
        }
    }

    /**
     * Reads the address of one host: neither multicast nor unspecified nor the broadcast address.
     *
     * @throws IllegalArgumentException with a sentence for the operator
     */
    static IpAddress parseHost(String text) {
        IpAddress address = parseAddress(text);
        long first = address.isIpv4() ? (address.low() >>> 24) & 0xff : address.high() >>> 56;
        // RFC 1112 §4 and RFC 1122 §3.2.1.3; RFC 4291 §2.5.2 and §2.7.
        boolean one =
                address.isIpv4()
                        ? first != 0 && first < 224
                        : first != 0xff && (address.high() | address.low()) != 0;
        if (!one) {
            throw new IllegalArgumentException("\"" + text + "\" is not the address of one host");
        }
        return address;
    }

    /**
     * Reads a prefix.
     *
     * @throws IllegalArgumentException with a sentence for the operator, also when host bits are
     *     set
     */
    static Prefix parsePrefix(String text) {
        InterfaceAddress parsed = parse(text);
        Prefix network = parsed.network();
        if (!network.address().equals(parsed.address)) {
            throw new IllegalArgumentException(
                    "it has bits set beyond its length; the prefix is " + network);
        }
        return network;
    }

    /** The prefix that the address is in. */
    public Prefix network() {
        int bits = address.isIpv4() ? 96 + length : length;
        long high = bits >= 64 ? -1 : bits == 0 ? 0 : -1L << (64 - bits);
        long low = bits <= 64 ? 0 : -1L << (128 - bits);
        return new Prefix(new IpAddress(address.high() & high, address.low() & low), length);
    }

    /** Whether the other's network is a part of this one's, or the same. */
    boolean covers(InterfaceAddress other) {
        return address.isIpv4() == other.address.isIpv4()
                && length <= other.length
                && network().contains(other.address.high(), other.address.low());
    }

    /** Whether there is nobody else on the network. */
    boolean isAlone() {
        return length == (address.isIpv4() ? 32 : 128);
    }

    @Override
    public String toString() {
        return address + "/" + length;
    }
}
