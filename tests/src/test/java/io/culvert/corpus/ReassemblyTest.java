package io.culvert.corpus;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.culvert.flow.PacketCounters;
import io.culvert.flow.Reassembler;
import io.culvert.flow.Reassembler.Outcome;
import io.culvert.hook.Reason;
import io.culvert.wire.Defect;
import io.culvert.wire.IpPacket;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The fragment trains of the corpus put together again, against what tshark makes of them. */
class ReassemblyTest {
    private static final int AT = 3;
    private static final int OVERLAPPING = 13;
    private final PacketCounters counters = new PacketCounters();
    private final Reassembler reassembler =
            new Reassembler(
                    Reassembler.DEFAULT_MEMORY,
                    Reassembler.DEFAULT_IPV4_TIMEOUT,
                    Reassembler.DEFAULT_IPV6_TIMEOUT,
                    () -> 0,
                    counters);
    private final ByteBuffer into = ByteBuffer.allocateDirect(AT + 40 + 65_535);
    private final IpPacket packet = new IpPacket();
    private final IpPacket whole = new IpPacket();

    /** Each file's network is another, so it is another tenant's. */
    private final Map<String, Integer> tenants = new HashMap<>();

    @Test
    void putsTogetherTheDatagramsThatTheOracleDoes() {
        Map<String, String> expected = oracle();
        Disagreements disagreements = new Disagreements();
        int fragments = 0;
        int carried = 0;
        for (CorpusPacket each : CorpusPacket.all()) {
            if (packet.wrap(each.bytes(), 0, each.length()) != Defect.NONE) continue;
            if (!packet.isFragment()) continue;
            fragments++;
            int tenant = tenants.computeIfAbsent(each.file(), file -> tenants.size());
            String where = each.file() + " " + each.number();
            if (reassembler.add(tenant, packet, into, AT) != Outcome.COMPLETE) continue;
            carried += reassembler.packets();
            String says = expected.remove(where);
            String made = describe();
            if (!made.equals(says)) disagreements.add("makes another", each.file(), each.number());
        }
        for (String where : expected.keySet()) {
            int space = where.lastIndexOf(' ');
            int number = Integer.parseInt(where.substring(space + 1));
            disagreements.add("makes nothing", where.substring(0, space), number);
        }

        assertEquals(Disagreements.explained("makes"), disagreements.found());
        assertEquals(fragments, carried + counters.droppedCount() + reassembler.held());
        // The four of those overlaps, and what comes after them under the same identification.
        assertEquals(OVERLAPPING, counters.droppedCount(Reason.FRAGMENT_OVERLAP));
        assertEquals(OVERLAPPING, counters.droppedCount());
    }

    /** The columns of the oracle behind the number, less those of overlaps. */
    private String describe() {
        Defect defect = whole.wrap(into, AT, reassembler.length());
        if (defect != Defect.NONE) return defect.name();
        String text = reassembler.packets() + " " + whole.transportLength();
        text += " " + whole.protocol();
        boolean ports = whole.tcp() != null || whole.udp() != null;
        if (!ports) return text;
        text += " " + whole.sourcePort() + " " + whole.destinationPort();
        return text + " " + checksum();
    }

    private String checksum() {
        if (whole.protocol() == IpProtocol.UDP && whole.udp().checksum() == 0) return "absent";
        return whole.transportChecksumValid() ? "good" : "bad";
    }

    private static Map<String, String> oracle() {
        Map<String, String> rows = new TreeMap<>();
        List<String[]> table = CorpusPacket.table("reassembly.tsv");
        for (String[] row : table.subList(1, table.size())) {
            String text = row[2] + " " + row[3] + " " + row[6];
            if (!row[7].isEmpty()) text += " " + row[7] + " " + row[8] + " " + row[9];
            rows.put(row[0] + " " + row[1], text);
        }
        return rows;
    }
}
