package io.culvert.tun;

import io.culvert.tun.Packet.Segmentation;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * {@code struct virtio_net_hdr}, which the kernel puts before each packet and wants before each
 * packet, in the machine's byte order (Virtio 1.3 section 5.1.6, {@code linux/virtio_net.h}):
 *
 * <pre>
 *   0 flags | 1 gso_type | 2 hdr_len (16 bits) | 4 gso_size | 6 csum_start | 8 csum_offset
 * </pre>
 *
 * It lies just before {@link Packet#OFFSET}. Stateless.
 */
final class VnetHeader {
    static final int LENGTH = 10;

    /** The checksum at csum_start + csum_offset holds only the pseudo-header's sum. */
    private static final int NEEDS_CSUM = 1;

    private static final int GSO_NONE = 0;
    private static final int GSO_TCPV4 = 1;
    private static final int GSO_TCPV6 = 4;
    private static final int GSO_UDP_L4 = 5;

    /** Beside a TCP type: the super-packet carries CWR. */
    private static final int GSO_ECN = 0x80;

    private static final int START = Packet.OFFSET - LENGTH;
    private static final int FLAGS = START;
    private static final int GSO_TYPE = START + 1;
    private static final int HDR_LEN = START + 2;
    private static final int GSO_SIZE = START + 4;
    private static final int CSUM_START = START + 6;
    private static final int CSUM_OFFSET = START + 8;

    private static final boolean SWAP = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;

    private VnetHeader() {}

    /**
     * Reads the header that was read with a packet of {@code length} bytes into the packet's
     * properties.
     *
     * @return false where it contradicts the packet, which is then not to be used
     */
    static boolean decode(Packet packet, int length) {
        ByteBuffer bytes = packet.bytes();
        packet.plain(length);
        if ((bytes.get(FLAGS) & NEEDS_CSUM) != 0) {
            int start = get(bytes, CSUM_START);
            int offset = get(bytes, CSUM_OFFSET);
            if (!PartialChecksum.fits(length, start, offset)) {
                return false;
            }
            packet.partialChecksum(start, offset);
        }
        int type = bytes.get(GSO_TYPE) & 0xff;
        return type == GSO_NONE || decodeSegmentation(packet, type);
    }

    /** Writes the header before the packet. */
    static void encode(Packet packet) {
        ByteBuffer bytes = packet.bytes();
        bytes.putLong(START, 0).putShort(CSUM_OFFSET, (short) 0);
        if (packet.checksumPartial()) {
            bytes.put(FLAGS, (byte) NEEDS_CSUM);
            put(bytes, CSUM_START, packet.checksumStart());
            put(bytes, CSUM_OFFSET, packet.checksumOffset());
        }
        if (packet.segmentation() == Segmentation.NONE) {
            return;
        }
        int type =
                packet.segmentation() == Segmentation.UDP
                        ? GSO_UDP_L4
                        : UpperLayer.version(packet) == 6 ? GSO_TCPV6 : GSO_TCPV4;
        bytes.put(GSO_TYPE, (byte) (packet.congestionExperienced() ? type | GSO_ECN : type));
        put(bytes, HDR_LEN, packet.headerLength());
        put(bytes, GSO_SIZE, packet.segmentSize());
    }

    /** hdr_len is a hint about linear memory and may be anything: the packet itself tells. */
    private static boolean decodeSegmentation(Packet packet, int type) {
        int found = UpperLayer.find(packet);
        if (found == UpperLayer.NONE) {
            return false;
        }
        int protocol = UpperLayer.protocol(found);
        int version = UpperLayer.version(packet);
        boolean agrees =
                switch (type & ~GSO_ECN) {
                    case GSO_TCPV4 -> protocol == UpperLayer.TCP && version == 4;
                    case GSO_TCPV6 -> protocol == UpperLayer.TCP && version == 6;
                    case GSO_UDP_L4 -> protocol == UpperLayer.UDP;
                    default -> false;
                };
        int headerLength = UpperLayer.headerLength(packet, found);
        int segmentSize = get(packet.bytes(), GSO_SIZE);
        if (!agrees || headerLength == UpperLayer.NONE || segmentSize == 0) {
            return false;
        }
        packet.segments(
                        protocol == UpperLayer.TCP ? Segmentation.TCP : Segmentation.UDP,
                        segmentSize,
                        headerLength)
                .congestionExperienced((type & GSO_ECN) != 0);
        return true;
    }

    private static int get(ByteBuffer bytes, int at) {
        short value = bytes.getShort(at);
        return (SWAP ? Short.reverseBytes(value) : value) & 0xffff;
    }

    private static void put(ByteBuffer bytes, int at, int value) {
        bytes.putShort(at, SWAP ? Short.reverseBytes((short) value) : (short) value);
    }
}
