package io.culvert.e2e;

import io.culvert.wire.IcmpType;
import io.culvert.wire.IpPacket;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** What a captured packet of ICMP or ICMPv6 says. */
final class Icmp {
    private Icmp() {}

    static boolean isReply(IpPacket ip) {
        return ip.icmp() != null && ip.icmp().isReply();
    }

    static boolean isReply(IpPacket ip, int identifier, int sequence) {
        return isReply(ip)
                && ip.icmp().identifier() == identifier
                && ip.icmp().sequenceNumber() == sequence;
    }

    static boolean isUnreachable(IpPacket ip) {
        return isType(ip, IcmpType.UNREACHABLE, IcmpType.V6_UNREACHABLE);
    }

    static boolean isTimeExceeded(IpPacket ip) {
        return isType(ip, IcmpType.TIME_EXCEEDED, IcmpType.V6_TIME_EXCEEDED);
    }

    /** RFC 792: fragmentation needed is an unreachable there. */
    static boolean isTooBig(IpPacket ip) {
        return isType(ip, IcmpType.UNREACHABLE, IcmpType.V6_PACKET_TOO_BIG)
                && (ip.version() == 6 || ip.icmp().code() == IcmpType.FRAGMENTATION_NEEDED);
    }

    private static boolean isType(IpPacket ip, int ipv4, int ipv6) {
        return ip.icmp() != null && ip.icmp().type() == (ip.version() == 6 ? ipv6 : ipv4);
    }

    /** What follows the header. */
    static String text(IpPacket ip) {
        byte[] bytes = new byte[ip.icmp().payloadLength()];
        ip.bytes().get(ip.icmp().payloadOffset(), bytes);
        return new String(bytes, StandardCharsets.US_ASCII);
    }

    static InetAddress source(IpPacket ip) throws UnknownHostException {
        // A mapped address becomes one of IPv4.
        return InetAddress.getByAddress(
                ByteBuffer.allocate(16).putLong(ip.sourceHigh()).putLong(ip.sourceLow()).array());
    }
}
