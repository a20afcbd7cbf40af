package io.culvert.e2e;

import io.culvert.wire.IpPacket;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A packet without options and extension headers, read by other code than the gateway's: what the
 * gateway has translated is not to be checked by what it translates with.
 */
final class Decoded {
    private static final int ICMP = 1;
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final int ICMPV6 = 58;
    private static final int ICMP_HEADER = 8;

    private final byte[] bytes;

    Decoded(byte[] bytes) {
        this.bytes = bytes;
    }

    static Decoded of(IpPacket ip) {
        byte[] bytes = new byte[ip.length()];
        ip.bytes().get(ip.start(), bytes);
        return new Decoded(bytes);
    }

    private boolean isIpv4() {
        return bytes[0] >> 4 == 4;
    }

    private int header() {
        return isIpv4() ? 20 : 40;
    }

    int protocol() {
        return bytes[isIpv4() ? 9 : 6] & 0xff;
    }

    int timeToLive() {
        return bytes[isIpv4() ? 8 : 7] & 0xff;
    }

    InetAddress source() throws UnknownHostException {
        return address(isIpv4() ? 12 : 8);
    }

    InetAddress destination() throws UnknownHostException {
        return address(isIpv4() ? 16 : 24);
    }

    private InetAddress address(int at) throws UnknownHostException {
        return InetAddress.getByAddress(Arrays.copyOfRange(bytes, at, at + (isIpv4() ? 4 : 16)));
    }

    /** What follows the IP header. */
    byte[] payload() {
        return Arrays.copyOfRange(bytes, header(), bytes.length);
    }

    int icmpType() {
        return bytes[header()] & 0xff;
    }

    int icmpCode() {
        return bytes[header() + 1] & 0xff;
    }

    /** The second word of the ICMP header. */
    int icmpWord() {
        return ByteBuffer.wrap(bytes).getInt(header() + 4);
    }

    /** What an ICMP error quotes; may be cut. */
    Decoded quoted() {
        return new Decoded(Arrays.copyOfRange(bytes, header() + ICMP_HEADER, bytes.length));
    }

    /** RFC 791 section 3.1; IPv6 has none. */
    boolean headerChecksumRight() {
        return !isIpv4() || sum(0, Arrays.copyOf(bytes, header())) == 0xffff;
    }

    /** RFC 768, RFC 792, RFC 4443 section 2.3, RFC 9293 section 3.1; whole packets only. */
    boolean checksumsRight() {
        byte[] payload = payload();
        int pseudoHeader =
                switch (protocol()) {
                    case TCP, UDP, ICMPV6 ->
                            sum(
                                    protocol() + payload.length,
                                    Arrays.copyOfRange(bytes, isIpv4() ? 12 : 8, header()));
                    case ICMP -> 0;
                    default -> throw new IllegalStateException("protocol " + protocol());
                };
        return headerChecksumRight() && sum(pseudoHeader, payload) == 0xffff;
    }

    /**
     * Whether these are the first bytes of a packet as its sender sent it, but for the hops that it
     * has made.
     */
    boolean isBeginningOf(byte[] sent) {
        byte[] expected = Arrays.copyOf(sent, bytes.length);
        byte[] actual = bytes.clone();
        for (byte[] each : new byte[][] {expected, actual}) {
            each[isIpv4() ? 8 : 7] = 0;
            if (isIpv4()) {
                Arrays.fill(each, 10, 12, (byte) 0);
            }
        }
        return bytes.length <= sent.length
                && bytes.length >= header() + 8
                && Arrays.equals(expected, actual);
    }

    /** RFC 1071 section 4.1. */
    private static int sum(int start, byte[] octets) {
        int sum = start;
        for (int i = 0; i < octets.length; i++) {
            sum += (octets[i] & 0xff) << (i % 2 == 0 ? 8 : 0);
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return sum;
    }
}
