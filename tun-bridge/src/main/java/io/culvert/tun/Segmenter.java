package io.culvert.tun;

import io.culvert.tun.Packet.Segmentation;
import io.culvert.tun.PacketDevice.PacketHandler;

import java.nio.ByteBuffer;

/**
 * Cuts a super-packet into the packets it stands for, checksums complete, for a device that does
 * not: TCP and UDP over IPv4 and IPv6. Each packet gets a copy of the headers and its share of the
 * payload, in one buffer that is used again and again.
 *
 * <p>Where the super-packet's checksum is partial, each packet's is computed on its pseudo-header
 * sum, and the IPv4 header's is updated (RFC 1624), so that what came in broken goes out broken.
 *
 * <p>Reusable; confined to one worker.
 */
public final class Segmenter {
    /** RFC 791 section 3.1. */
    private static final int IPV4_TOTAL_LENGTH = 2;

    private static final int IPV4_IDENTIFICATION = 4;
    private static final int IPV4_CHECKSUM = 10;
    private static final int IPV4_ADDRESSES = 12;

    /** RFC 8200 section 3. */
    private static final int IPV6_PAYLOAD_LENGTH = 4;

    private static final int IPV6_ADDRESSES = 8;
    private static final int IPV6_HEADER = 40;

    /** RFC 9293 section 3.1. */
    private static final int TCP_SEQUENCE = 4;

    private static final int TCP_FLAGS = 13;
    private static final int CWR = 0x80;
    private static final int PSH_FIN = 0x09;

    private static final int UDP_LENGTH = 4;

    private final Packet segment = new Packet();

    /** Of the super-packet at hand. */
    private int transport;

    private int headerLength;
    private boolean tcp;
    private boolean ipv6;
    private boolean unsummed;
    private boolean fixedIdentification;
    private int pseudoHeader;

    /**
     * Hands each packet to {@code sink}, in order; it is overwritten by the next one. The
     * super-packet stays as it is.
     *
     * @return packets handed over; 0 where the headers are not those of such a super-packet
     */
    public int cut(Packet packet, PacketHandler sink) {
        if (!wrap(packet)) {
            return 0;
        }
        ByteBuffer from = packet.bytes();
        ByteBuffer to = segment.bytes();
        int payload = packet.length() - headerLength;
        int size = packet.segmentSize();
        int count = 0;
        for (int done = 0; done < payload; done += size) {
            int length = Math.min(size, payload - done);
            // Again each time, since the sink may have rewritten it.
            to.put(Packet.OFFSET, from, Packet.OFFSET, headerLength);
            to.put(Packet.OFFSET + headerLength, from, Packet.OFFSET + headerLength + done, length);
            segment.plain(headerLength + length);
            rewriteIp(from, to, count);
            rewriteTransport(from, to, done, done + length == payload);
            sink.handle(segment);
            count++;
        }
        return count;
    }

    /** Whether {@link #cut} would cut the packet. */
    boolean understands(Packet packet) {
        return wrap(packet);
    }

    private boolean wrap(Packet packet) {
        int found = UpperLayer.find(packet);
        if (packet.segmentation() == Segmentation.NONE
                || packet.segmentSize() <= 0
                || found == UpperLayer.NONE) {
            return false;
        }
        tcp = packet.segmentation() == Segmentation.TCP;
        headerLength = UpperLayer.headerLength(packet, found);
        if (headerLength == UpperLayer.NONE
                || headerLength >= packet.length()
                || UpperLayer.protocol(found) != (tcp ? UpperLayer.TCP : UpperLayer.UDP)) {
            return false;
        }
        transport = UpperLayer.start(found);
        int checksum = tcp ? UpperLayer.TCP_CHECKSUM : UpperLayer.UDP_CHECKSUM;
        if (packet.checksumPartial()
                && (packet.checksumStart() != transport || packet.checksumOffset() != checksum)) {
            return false;
        }
        ipv6 = UpperLayer.version(packet) == 6;
        fixedIdentification = packet.fixedIdentification();
        int at = Packet.OFFSET + transport + checksum;
        int sum = packet.bytes().getShort(at) & 0xffff;
        // RFC 768: the sender wanted none.
        unsummed = !tcp && !packet.checksumPartial() && sum == 0;
        pseudoHeader =
                packet.checksumPartial()
                        ? sum + lengthRemoved(packet.length() - transport)
                        : addresses(packet.bytes()) + UpperLayer.protocol(found);
        return true;
    }

    /** A length of up to 17 bits, to be taken out of a sum. */
    private static int lengthRemoved(int length) {
        return OnesComplement.minus(OnesComplement.fold(length));
    }

    private int addresses(ByteBuffer bytes) {
        return ipv6
                ? OnesComplement.sum(bytes, Packet.OFFSET + IPV6_ADDRESSES, 32)
                : OnesComplement.sum(bytes, Packet.OFFSET + IPV4_ADDRESSES, 8);
    }

    private void rewriteIp(ByteBuffer from, ByteBuffer to, int number) {
        if (ipv6) {
            to.putShort(
                    Packet.OFFSET + IPV6_PAYLOAD_LENGTH, (short) (segment.length() - IPV6_HEADER));
            return;
        }
        int oldLength = from.getShort(Packet.OFFSET + IPV4_TOTAL_LENGTH) & 0xffff;
        int oldId = from.getShort(Packet.OFFSET + IPV4_IDENTIFICATION) & 0xffff;
        int oldChecksum = from.getShort(Packet.OFFSET + IPV4_CHECKSUM) & 0xffff;
        int id = fixedIdentification ? oldId : oldId + number & 0xffff;
        // RFC 1624 section 3, equation 3.
        int sum =
                OnesComplement.minus(oldChecksum)
                        + OnesComplement.minus(oldLength)
                        + segment.length()
                        + OnesComplement.minus(oldId)
                        + id;
        to.putShort(Packet.OFFSET + IPV4_TOTAL_LENGTH, (short) segment.length());
        to.putShort(Packet.OFFSET + IPV4_IDENTIFICATION, (short) id);
        to.putShort(Packet.OFFSET + IPV4_CHECKSUM, (short) ~OnesComplement.fold(sum));
    }

    private void rewriteTransport(ByteBuffer from, ByteBuffer to, int done, boolean last) {
        int at = Packet.OFFSET + transport;
        int length = segment.length() - transport;
        int offset = UpperLayer.UDP_CHECKSUM;
        if (tcp) {
            offset = UpperLayer.TCP_CHECKSUM;
            to.putInt(at + TCP_SEQUENCE, from.getInt(at + TCP_SEQUENCE) + done);
            int flags = from.get(at + TCP_FLAGS);
            // RFC 3168 section 6.1.2: CWR once, on the first packet of new data.
            flags = done == 0 ? flags : flags & ~CWR;
            to.put(at + TCP_FLAGS, (byte) (last ? flags : flags & ~PSH_FIN));
        } else {
            to.putShort(at + UDP_LENGTH, (short) length);
        }
        if (unsummed) {
            return;
        }
        to.putShort(at + offset, (short) 0);
        long sum = (long) pseudoHeader + length + OnesComplement.sum(to, at, length);
        int checksum = ~OnesComplement.fold(sum) & 0xffff;
        to.putShort(at + offset, (short) PartialChecksum.sent(checksum, offset));
    }
}
