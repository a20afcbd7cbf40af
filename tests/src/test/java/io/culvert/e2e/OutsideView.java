package io.culvert.e2e;

import io.culvert.fuzz.PlainPacket;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * A conversation as its target sees it from behind an off-ramp: what it answers is for the outside
 * endpoint that the initiator's packets came from.
 */
final class OutsideView {
    /** By inside endpoint. */
    private final Map<String, Endpoint> outside = new HashMap<>();

    private record Endpoint(InetAddress address, int port) {}

    /** An initiator's packet, and what came out for it. */
    void seen(byte[] sent, List<Capture.Captured> out) throws UnknownHostException {
        PlainPacket inside = PlainPacket.of(sent);
        if (!inside.defects().isEmpty()) return;
        for (Capture.Captured each : out) {
            PlainPacket packet = PlainPacket.of(each.bytes());
            boolean same =
                    packet.protocol() == inside.protocol()
                            && Arrays.equals(packet.destination(), inside.destination());
            if (!same) continue;
            Endpoint endpoint =
                    new Endpoint(InetAddress.getByAddress(packet.source()), packet.sourcePort());
            String name = name(inside.source());
            outside.put(name, endpoint);
            if (inside.portAt(true) >= 0) {
                outside.put(name + inside.protocol() + ":" + inside.sourcePort(), endpoint);
            }
        }
    }

    /** The target's packet, to the outside endpoint; as it is where there is none. */
    byte[] answer(byte[] packet) {
        PlainPacket plain = PlainPacket.of(packet);
        if (!plain.defects().isEmpty()) return packet;
        String name = name(plain.destination());
        int port = plain.portAt(false);
        String full = name + plain.protocol() + ":" + plain.destinationPort();
        Endpoint to = outside.get(port < 0 ? name : full);
        if (to == null) return packet;
        ByteBuffer bytes = ByteBuffer.wrap(packet.clone());
        int sum = sum(packet, plain, port);
        bytes.put(packet[0] >> 4 == 4 ? 16 : 24, to.address.getAddress());
        if (port >= 0) bytes.putShort(port, (short) to.port);
        int change = sum(bytes.array(), plain, port) + 0xffff - sum;
        if (packet[0] >> 4 == 4) {
            // Of the IPv4 header's checksum the port is no part.
            int address = sum(bytes.array(), plain, -1) + 0xffff - sum(packet, plain, -1);
            bringAlong(bytes, 10, address);
        }
        int checksum = plain.checksumAt();
        boolean none = plain.protocol() == 17 && checksum >= 0 && bytes.getShort(checksum) == 0;
        if (checksum >= 0 && !none) {
            boolean noPseudoHeader = packet[0] >> 4 == 4 && plain.protocol() == 1;
            int ports = port < 0 ? 0 : to.port + 0xffff - plain.destinationPort();
            bringAlong(bytes, checksum, noPseudoHeader ? ports : change);
        }
        return bytes.array();
    }

    /** RFC 1624 section 3, eqn. 3. */
    private static void bringAlong(ByteBuffer bytes, int at, int change) {
        int sum = (~bytes.getShort(at) & 0xffff) + change;
        while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
        bytes.putShort(at, (short) ~sum);
    }

    private static int sum(byte[] packet, PlainPacket like, int port) {
        ByteBuffer bytes = ByteBuffer.wrap(packet);
        int from = like.destination().length == 4 ? 16 : 24;
        int sum = port < 0 ? 0 : bytes.getShort(port) & 0xffff;
        for (int at = from; at < from + like.destination().length; at += 2) {
            sum += bytes.getShort(at) & 0xffff;
        }
        while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
        return sum;
    }

    private static String name(byte[] address) {
        return HexFormat.of().formatHex(address) + " ";
    }
}
