package io.culvert.corpus;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A packet of the corpus, with what it is and what an independent decoder reads in it.
 *
 * @param number in its file, from 1
 * @param bytes exactly the packet, read-only
 * @param shape words of {@code index.tsv}
 * @param oracle column name to value of {@code oracle.tsv}, empty where it does not apply
 */
public record CorpusPacket(
        String file, int number, ByteBuffer bytes, String shape, Map<String, String> oracle) {
    private static final List<CorpusPacket> ALL = load();

    /** Every packet, in the order of the tables. */
    public static List<CorpusPacket> all() {
        return ALL;
    }

    public int length() {
        return bytes.limit();
    }

    public boolean isIn(String file) {
        return this.file.startsWith(file);
    }

    public String oracle(String column) {
        return oracle.get(column);
    }

    /** The defects in the shape, without their exclamation mark. */
    public List<String> defects() {
        int mark = shape.lastIndexOf(" !");
        return mark < 0 ? List.of() : Arrays.asList(shape.substring(mark + 2).split(","));
    }

    @Override
    public String toString() {
        return file + " #" + number + " [" + shape + "]";
    }

    private static List<CorpusPacket> load() {
        List<String[]> index = table("index.tsv");
        List<String[]> oracle = table("oracle.tsv");
        String[] columns = oracle.getFirst();
        Map<String, List<byte[]>> files = new HashMap<>();
        List<CorpusPacket> packets = new ArrayList<>();
        for (int i = 1; i < index.size(); i++) {
            String[] row = index.get(i);
            String[] said = oracle.get(i);
            if (!row[0].equals(said[0]) || !row[1].equals(said[1])) {
                throw new IllegalStateException("the tables differ in row " + i);
            }
            Map<String, String> values = new HashMap<>();
            for (int c = 0; c < columns.length; c++) values.put(columns[c], said[c]);
            int number = Integer.parseInt(row[1]);
            byte[] bytes = files.computeIfAbsent(row[0], Pcap::read).get(number - 1);
            ByteBuffer packet = ByteBuffer.wrap(bytes).asReadOnlyBuffer();
            packets.add(new CorpusPacket(row[0], number, packet, row[6], values));
        }
        return List.copyOf(packets);
    }

    static List<String[]> table(String file) {
        return new String(Pcap.resource(file), StandardCharsets.UTF_8)
                .lines()
                .map(line -> line.split("\t", -1))
                .toList();
    }
}
