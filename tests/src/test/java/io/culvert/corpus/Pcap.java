package io.culvert.corpus;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** A little-endian capture file of raw IP packets (LINKTYPE_RAW), read whole. */
public final class Pcap {
    private static final int MAGIC = 0xa1b2c3d4;
    private static final int FILE_HEADER = 24;
    private static final int LINK_TYPE = 20;
    private static final int LINK_TYPE_RAW = 101;
    private static final int RECORD_HEADER = 16;
    private static final int STORED = 8;

    private Pcap() {}

    /** The packets of a file of the corpus, as many bytes of each as were stored. */
    public static List<byte[]> read(String file) {
        ByteBuffer bytes = ByteBuffer.wrap(resource(file)).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.getInt(0) != MAGIC || bytes.getInt(LINK_TYPE) != LINK_TYPE_RAW) {
            throw new IllegalArgumentException(file + " holds no raw packets");
        }
        List<byte[]> packets = new ArrayList<>();
        for (int at = FILE_HEADER; at < bytes.limit(); ) {
            byte[] packet = new byte[bytes.getInt(at + STORED)];
            bytes.get(at + RECORD_HEADER, packet);
            packets.add(packet);
            at += RECORD_HEADER + packet.length;
        }
        return packets;
    }

    static byte[] resource(String file) {
        try (InputStream in = Pcap.class.getResourceAsStream("/corpus/" + file)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
