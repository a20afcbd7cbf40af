package io.culvert.tun;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** Packets as literal bytes: hexadecimal digits, in which blanks count for nothing. */
final class Bytes {
    private Bytes() {}

    static byte[] of(String... hex) {
        return HexFormat.of().parseHex(String.join("", hex).replaceAll("\\s", ""));
    }

    static Packet packet(String... hex) {
        byte[] bytes = of(hex);
        Packet packet = new Packet().plain(bytes.length);
        packet.bytes().put(Packet.OFFSET, bytes);
        return packet;
    }

    static byte[] of(Packet packet) {
        byte[] bytes = new byte[packet.length()];
        packet.bytes().get(Packet.OFFSET, bytes);
        return bytes;
    }

    static String hex(Packet packet) {
        return HexFormat.of().formatHex(of(packet));
    }

    /** The packets that a super-packet is cut into. */
    static List<String> segments(Packet packet) {
        List<String> segments = new ArrayList<>();
        new Segmenter().cut(packet, segment -> segments.add(hex(segment)));
        return segments;
    }
}
