package io.culvert.fuzz;

import io.culvert.corpus.CorpusPacket;
import io.culvert.corpus.Ipv4Checksum;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** What the fuzzer starts from: short packets of the corpus, one of each shape. */
final class Seeds {
    private static final int MOST = 120;
    private static final int LONGEST = 400;

    private Seeds() {}

    /** Packets of the corpus that fit, always the same ones. */
    static Stream<byte[]> packets(Predicate<CorpusPacket> fits) {
        Set<String> shapes = new HashSet<>();
        return CorpusPacket.all().stream()
                .filter(packet -> packet.length() > 0 && packet.length() <= LONGEST)
                .filter(fits)
                .filter(packet -> shapes.add(packet.shape().replaceAll(" pay\\S+| [sd]=\\S+", "")))
                .limit(MOST)
                .map(Seeds::bytes);
    }

    static byte[] bytes(CorpusPacket packet) {
        byte[] bytes = new byte[packet.length()];
        packet.bytes().get(0, bytes);
        return bytes;
    }

    static byte[] hex(String... parts) {
        return HexFormat.of().parseHex(String.join("", parts).replace(" ", ""));
    }

    /** The same, so much of its end cut off that no more than that is left. */
    static byte[] atMost(int length, byte[] bytes) {
        return Arrays.copyOf(bytes, Math.min(length, bytes.length));
    }

    static byte[] behind(byte[] head, byte[] bytes) {
        byte[] all = Arrays.copyOf(head, head.length + bytes.length);
        System.arraycopy(bytes, 0, all, head.length, bytes.length);
        return all;
    }

    /**
     * The same packet with a true IPv4 header checksum, behind which the fuzzer would hardly ever
     * get otherwise.
     */
    static byte[] mended(byte[] packet) {
        byte[] bytes = packet.clone();
        if (bytes.length >= 20 && bytes[0] >> 4 == 4) Ipv4Checksum.mend(ByteBuffer.wrap(bytes));
        return bytes;
    }
}
