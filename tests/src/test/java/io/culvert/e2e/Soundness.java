package io.culvert.e2e;

import io.culvert.fuzz.PlainPacket;

import org.pcap4j.packet.IllegalRawDataException;
import org.pcap4j.packet.IpSelector;
import org.pcap4j.packet.IpV4Packet.IpV4Header;
import org.pcap4j.packet.IpV6Packet.IpV6Header;
import org.pcap4j.packet.Packet;

import java.util.HexFormat;
import java.util.Map;

/** Whether a packet that leaves the gateway is whole, by two decoders that are not its own. */
final class Soundness {
    private int undecoded;
    private int wrongTransportChecksums;

    /**
     * Adds what is wrong with a packet to {@code complaints}: an example of each kind.
     *
     * @param where it came out
     */
    void inspect(String where, Capture.Captured captured, Map<String, String> complaints) {
        byte[] bytes = captured.bytes();
        String what = complaint(bytes);
        if (!what.isEmpty()) {
            complaints.putIfAbsent(what, where + " " + HexFormat.of().formatHex(bytes));
            return;
        }
        PlainPacket plain = PlainPacket.of(bytes);
        if (!captured.partial() && !plain.isFragment() && !plain.transportChecksumRight()) {
            wrongTransportChecksums++;
        }
    }

    private String complaint(byte[] bytes) {
        PlainPacket plain = PlainPacket.of(bytes);
        if (!plain.defects().isEmpty()) return plain.defects().toString();
        if (plain.length() != bytes.length) return "bytes behind the packet";
        try {
            Packet.Header header = IpSelector.newPacket(bytes, 0, bytes.length).getHeader();
            if (header instanceof IpV4Header four) {
                if (four.getTotalLengthAsInt() != bytes.length) return "total length";
                return four.hasValidChecksum(false) ? "" : "header checksum";
            }
            int payload = ((IpV6Header) header).getPayloadLengthAsInt();
            return payload == bytes.length - 40 ? "" : "payload length";
        } catch (IllegalRawDataException e) {
            return "not decodable: " + e.getMessage();
        } catch (IllegalArgumentException e) {
            // The library's own, for sound extension headers and options that it does not know.
            undecoded++;
            return "";
        }
    }

    /** What only one of the two could decode. */
    int undecoded() {
        return undecoded;
    }

    /** Of whole packets: a transport's checksum is brought along, wrong where it was wrong. */
    int wrongTransportChecksums() {
        return wrongTransportChecksums;
    }
}
