package io.culvert.tun;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A TCP segment or UDP datagram, field by field, every one of which may be wrong. The checksums are
 * summed here, word by word as RFC 1071 writes it, not with the code under test.
 */
final class TestPacket {
    final boolean ipv6;
    final boolean tcp;
    int host;
    int trafficClass = 2;
    int flowLabel = 0xabcde;
    int hopLimit = 64;
    int identification = 0xffff;
    int fragment = 0x4000;
    byte[] ipOptions = {};
    int sourcePort = 40_000;
    int destinationPort = 443;
    int sequence = 0xffff_fffc;
    int acknowledgment = 0x0102_0304;
    int reserved;
    int flags = 0x10;
    int window = 0x2000;
    int urgentPointer;
    byte[] options = Bytes.of("0101080a0000000100000002");
    byte[] payload = "abcd".getBytes(StandardCharsets.US_ASCII);
    byte[] trailer = {};
    int ipLengthError;
    int udpLengthError;
    int ipChecksumError;
    int checksumError;
    boolean unsummed;

    /** 0xffff for 0 and the other way round: the same number to whoever verifies. */
    boolean otherZero;

    boolean otherIpZero;

    TestPacket(boolean ipv6, boolean tcp) {
        this.ipv6 = ipv6;
        this.tcp = tcp;
    }

    /** The next of the flow. */
    TestPacket next(byte[] payload) {
        TestPacket next = new TestPacket(ipv6, tcp);
        next.host = host;
        next.trafficClass = trafficClass;
        next.flowLabel = flowLabel;
        next.hopLimit = hopLimit;
        next.identification = identification + 1;
        next.fragment = fragment;
        next.sourcePort = sourcePort;
        next.destinationPort = destinationPort;
        next.sequence = sequence + this.payload.length;
        next.acknowledgment = acknowledgment;
        next.window = window;
        next.options = options;
        next.payload = payload;
        return next;
    }

    byte[] bytes() {
        byte[] transport = transport();
        return concatenate(ipv6 ? ipv6(transport.length) : ipv4(transport.length), transport);
    }

    private byte[] ipv4(int length) {
        int header = 20 + ipOptions.length;
        ByteBuffer ip = ByteBuffer.allocate(header);
        ip.put((byte) (0x40 | header / 4)).put((byte) trafficClass);
        ip.putShort((short) (header + length - trailer.length + ipLengthError));
        ip.putShort((short) identification).putShort((short) fragment);
        ip.put((byte) hopLimit).put((byte) protocol()).putShort((short) 0);
        ip.put(addresses()).put(ipOptions);
        int sum = ~sum(ip.array()) & 0xffff;
        ip.putShort(10, (short) ((sum == 0 && otherIpZero ? 0xffff : sum) + ipChecksumError));
        return ip.array();
    }

    private byte[] ipv6(int length) {
        ByteBuffer ip = ByteBuffer.allocate(40 + ipOptions.length);
        ip.putInt(6 << 28 | trafficClass << 20 | flowLabel);
        ip.putShort((short) (ipOptions.length + length - trailer.length + ipLengthError));
        ip.put((byte) (ipOptions.length == 0 ? protocol() : 60)).put((byte) hopLimit);
        ip.put(addresses()).put(ipOptions);
        if (ipOptions.length > 0) {
            ip.put(40, (byte) protocol());
        }
        return ip.array();
    }

    private byte[] addresses() {
        return ipv6
                ? Bytes.of(
                        "20010db80000000000000000000000%02x".formatted(1 + 2 * host),
                        "20010db8000000000000000000000002")
                : Bytes.of("c00002%02x c0000202".formatted(1 + 2 * host));
    }

    private int protocol() {
        return tcp ? 6 : 17;
    }

    private byte[] transport() {
        byte[] header = tcp ? tcpHeader() : udpHeader();
        byte[] summed = concatenate(header, payload);
        int at = tcp ? 16 : 6;
        if (!unsummed) {
            int sum = ~sum(concatenate(pseudoHeader(summed.length), summed)) & 0xffff;
            if (sum == 0 && tcp == otherZero) {
                sum = 0xffff;
            }
            ByteBuffer.wrap(summed).putShort(at, (short) (sum + checksumError));
        }
        return concatenate(summed, trailer);
    }

    private byte[] tcpHeader() {
        ByteBuffer header = ByteBuffer.allocate(20 + options.length);
        header.putShort((short) sourcePort).putShort((short) destinationPort);
        header.putInt(sequence).putInt(acknowledgment);
        header.put((byte) ((20 + options.length) << 2 | reserved)).put((byte) flags);
        header.putShort((short) window).putShort((short) 0).putShort((short) urgentPointer);
        return header.put(options).array();
    }

    private byte[] udpHeader() {
        ByteBuffer header = ByteBuffer.allocate(8);
        header.putShort((short) sourcePort).putShort((short) destinationPort);
        return header.putShort((short) (8 + payload.length + udpLengthError)).array();
    }

    private byte[] pseudoHeader(int length) {
        byte[] addresses = addresses();
        return ByteBuffer.allocate(addresses.length + 8)
                .put(addresses)
                .putInt(length)
                .putInt(protocol())
                .array();
    }

    /** Changes two bytes of the payload, at an even place, so that the transport's sum is 0. */
    TestPacket withZeroChecksum() {
        payload = Arrays.copyOf(payload, Math.max(2, payload.length & ~1));
        payload[0] = 0;
        payload[1] = 0;
        byte[] transport = transport();
        int at = tcp ? 16 : 6;
        int sum = ByteBuffer.wrap(transport).getShort(at) & 0xffff;
        payload[0] = (byte) (sum >> 8);
        payload[1] = (byte) sum;
        return this;
    }

    /** Chooses the identification so that the IPv4 header's checksum is 0. */
    TestPacket withZeroIpChecksum() {
        identification = 0;
        identification = ByteBuffer.wrap(bytes()).getShort(10) & 0xffff;
        return this;
    }

    private static int sum(byte[] bytes) {
        int sum = 0;
        for (int i = 0; i < bytes.length; i++) {
            sum += (bytes[i] & 0xff) << (i % 2 == 0 ? 8 : 0);
            sum = (sum & 0xffff) + (sum >> 16);
        }
        return sum;
    }

    private static byte[] concatenate(byte[] one, byte[] other) {
        ByteArrayOutputStream both = new ByteArrayOutputStream();
        both.writeBytes(one);
        both.writeBytes(other);
        return both.toByteArray();
    }
}
