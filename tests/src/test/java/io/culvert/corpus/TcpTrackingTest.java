package io.culvert.corpus;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.culvert.flow.Direction;
import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowLimits;
import io.culvert.flow.FlowListener;
import io.culvert.flow.FlowTable;
import io.culvert.flow.FlowTable.Opening;
import io.culvert.flow.FlowTimers;
import io.culvert.flow.TcpTracker;
import io.culvert.flow.TcpVerdict;
import io.culvert.flow.Tenant;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;
import io.culvert.wire.Defect;
import io.culvert.wire.IpPacket;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Every segment of the TCP conversations, as a gateway between the two hosts would judge it. */
class TcpTrackingTest {
    /** What is not simply accepted, by the number of the file, and why that is right. */
    private static final Map<String, String> EXPLAINED =
            Map.ofEntries(
                    // SYN and SYN+ACK repeated although the answer has been seen.
                    Map.entry("002", "PASS 3"),
                    Map.entry("011", "PASS 2"),
                    Map.entry("012", "PASS 1"),
                    Map.entry("169", "PASS 1"),
                    // A reset injected by somebody who did not add one to the SYN's number.
                    Map.entry("035", "BAD_RESET 1"),
                    // Crafted: an ACK of nothing, FIN without ACK, a reset of nothing.
                    Map.entry("053", "INVALID_FLAGS 1, PASS 2"),
                    Map.entry("057", "INVALID_FLAGS 1"),
                    // Captures of the initiator's side alone.
                    Map.entry("036", "BAD_ACKNOWLEDGMENT 39"),
                    Map.entry("050", "BAD_ACKNOWLEDGMENT 22"),
                    Map.entry("051", "BAD_ACKNOWLEDGMENT 1"),
                    // Captures that lack segments which then are acknowledged.
                    Map.entry("014", "BAD_ACKNOWLEDGMENT 10, OUT_OF_WINDOW 7, PASS 3"),
                    Map.entry("033", "BAD_ACKNOWLEDGMENT 1"),
                    Map.entry("047", "BAD_ACKNOWLEDGMENT 1, OUT_OF_WINDOW 1"),
                    Map.entry("146", "BAD_ACKNOWLEDGMENT 369"),
                    Map.entry("165", "BAD_ACKNOWLEDGMENT 1"),
                    // The initiator's packets, the SYN among them, have bad header checksums.
                    Map.entry("164", "NO_CONNECTION 1"),
                    Map.entry("168", "NO_CONNECTION 1"),
                    // A first fragment does not tell how far the segment reaches. What follows
                    // one of them is a FIN without ACK.
                    Map.entry("129", "FRAGMENT 4, NO_CONNECTION 1"),
                    Map.entry("135", "FRAGMENT 2"));

    /** Where the end is among the segments that are missing or refused. */
    private static final Set<String> WITHOUT_END = Set.of("014", "047", "146", "164", "166", "168");

    private final FlowTable table =
            new FlowTable(
                    1,
                    new FlowLimits(10, 10, 1_000_000),
                    FlowTimers.DEFAULT,
                    () -> 0,
                    FlowListener.NONE,
                    flow -> {});
    private final Tenant tenant = new Tenant(1, "acme");
    private final IpPacket packet = new IpPacket();
    private final FlowKey key = new FlowKey();
    private final Map<String, String> unusual = new TreeMap<>();
    private final Set<String> open = new TreeSet<>();
    private Flow flow;

    private static Map<String, List<CorpusPacket>> conversations() {
        Map<String, List<CorpusPacket>> files = new LinkedHashMap<>();
        for (CorpusPacket each : CorpusPacket.all()) {
            if (each.file().matches("conversations/\\d+-tcp.*")) {
                files.computeIfAbsent(each.file(), file -> new ArrayList<>()).add(each);
            }
        }
        return files;
    }

    /** What happens to the packet: a verdict, or why there is none. */
    private String judge(CorpusPacket each) {
        Defect defect = packet.wrap(each.bytes(), 0, each.length());
        if (defect != Defect.NONE || (packet.tcp() == null && !packet.isFragment())) {
            return "NOT_TCP";
        }
        if (packet.isFragment()) return "FRAGMENT";
        if (flow != null && flow.isReopenedBy(packet.tcp())) {
            table.close(flow, Reason.FINISHED);
            flow = null;
        }
        if (flow == null) {
            if (!TcpTracker.opens(packet.tcp(), true)) return TcpVerdict.NO_CONNECTION.name();
            open();
        }
        return table.judge(flow, direction(), packet.tcp()).name();
    }

    private void open() {
        key.set(
                1,
                packet.protocol(),
                packet.sourceHigh(),
                packet.sourceLow(),
                packet.sourcePort(),
                packet.destinationHigh(),
                packet.destinationLow(),
                packet.destinationPort());
        FlowDecision forward = new FlowDecision.Forward("default", "tunnels");
        flow = ((Opening.Opened) table.open(key, tenant, 0, forward)).flow();
        flow.tracker(new TcpTracker(true));
    }

    private Direction direction() {
        boolean initiator =
                packet.sourcePort() == flow.key().sourcePort()
                        && packet.sourceLow() == flow.key().sourceLow()
                        && packet.sourceHigh() == flow.key().sourceHigh();
        return initiator ? Direction.FROM_INITIATOR : Direction.FROM_TARGET;
    }

    private void judgeAll(String file, List<CorpusPacket> packets) {
        flow = null;
        Map<String, Integer> verdicts = new TreeMap<>();
        for (CorpusPacket each : packets) verdicts.merge(judge(each), 1, Integer::sum);
        verdicts.keySet().removeAll(Set.of("ACCEPT", "NOT_TCP"));
        String number = file.replaceAll(".*/(\\d+)-.*", "$1");
        if (!verdicts.isEmpty()) {
            unusual.put(number, verdicts.toString().replaceAll("[{}]", "").replace('=', ' '));
        }
        // The name says whether both have closed it, or one has reset it.
        boolean ends = file.matches(".*-(cfin-sfin|sfin-cfin|(cfin-|sfin-)?[cs]rst)-.*");
        if (ends && (flow == null || !flow.tcpState().isOver())) open.add(number);
        if (flow != null) table.close(flow, Reason.FINISHED);
    }

    @Test
    void acceptsEverySegmentButTheseWhichAreOddAndSeesTheEnd() {
        Map<String, List<CorpusPacket>> conversations = conversations();

        conversations.forEach(this::judgeAll);

        assertEquals(88, conversations.size());
        assertEquals(new TreeMap<>(EXPLAINED), unusual);
        assertEquals(new TreeSet<>(WITHOUT_END), open);
    }
}
