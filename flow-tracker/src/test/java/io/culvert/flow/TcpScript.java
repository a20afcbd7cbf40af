package io.culvert.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.culvert.hook.FlowDecision;
import io.culvert.wire.IpProtocol;
import io.culvert.wire.TcpHeader;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;

/**
 * Segments as a table: who sends, control bits, sequence number, what else is there, and behind the
 * colon what is said of it and the flow's state from then on. Numbers are modulo 2^32.
 *
 * <pre>
 *   i SYN 1000 win 65535 ws 7 sackok          : ACCEPT SYN_SENT
 *   t SYN+ACK 5000 ack 1001 win 65535         : ACCEPT SYN_RECEIVED
 *   i ACK+PSH 1001 ack 5001 win 500 len 100   : ACCEPT ESTABLISHED
 *   t ACK 5001 ack 1001 win 500 sack 1051-1101: ACCEPT ESTABLISHED
 * </pre>
 */
final class TcpScript {
    private static final List<String> FLAGS =
            List.of("FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR");

    private final Flow flow;
    private final Judge judge;

    interface Judge {
        TcpVerdict judge(Direction from, TcpHeader tcp);
    }

    TcpScript(Flow flow, Judge judge) {
        this.flow = flow;
        this.judge = judge;
    }

    /** Of a flow that has only just been opened. */
    static TcpScript tracked(boolean midStream) {
        FlowKey key = new FlowKey().set(1, IpProtocol.TCP, 0, 1, 1_000, 0, 2, 80);
        FlowDecision forward = new FlowDecision.Forward("default", "tunnels");
        Flow flow = new Flow(key, new Tenant(1, "acme"), 1, 0, forward, 0);
        flow.tracker(new TcpTracker(midStream));
        return new TcpScript(flow, flow::judge);
    }

    Flow flow() {
        return flow;
    }

    /** Next comes 1001 from the initiator, which may send 2000, and 5001 from the target. */
    void establish() {
        run(
                """
                i SYN 1000 win 4000              : ACCEPT SYN_SENT
                t SYN+ACK 5000 ack 1001 win 2000 : ACCEPT SYN_RECEIVED
                i ACK 1001 ack 5001 win 4000     : ACCEPT ESTABLISHED
                """);
    }

    void run(String table) {
        for (String line : table.lines().toList()) {
            String[] halves = line.split(":", -1);
            Direction from =
                    line.startsWith("i ") ? Direction.FROM_INITIATOR : Direction.FROM_TARGET;
            TcpVerdict verdict = judge.judge(from, segment(halves[0].substring(2)));
            assertEquals(halves[1].strip(), verdict + " " + flow.tcpState(), line);
        }
    }

    static TcpHeader segment(String text) {
        List<String> words = Arrays.asList(text.strip().split(" +"));
        ByteBuffer options = ByteBuffer.allocate(40);
        int flags = flags(words.get(0));
        int sequence = number(words.get(1));
        int acknowledgment = 0;
        int window = 0;
        int length = 0;
        Iterator<String> rest = words.subList(2, words.size()).iterator();
        while (rest.hasNext()) {
            switch (rest.next()) {
                case "ack" -> acknowledgment = number(rest.next());
                case "win" -> window = number(rest.next());
                case "len" -> length = number(rest.next());
                case "ws" -> options.put((byte) 3).put((byte) 3).put((byte) number(rest.next()));
                case "sackok" -> options.put((byte) 4).put((byte) 2);
                case "sack" -> sack(options, rest.next());
                case String word -> throw new IllegalArgumentException(word);
            }
        }
        while (options.position() % 4 != 0) options.put((byte) 1);
        byte[] bytes = Arrays.copyOf(options.array(), options.position());
        return Segment.of(flags, sequence, acknowledgment, window, bytes, length);
    }

    private static void sack(ByteBuffer options, String block) {
        String[] edges = block.split("-", -1);
        options.put((byte) 5).put((byte) 10).putInt(number(edges[0])).putInt(number(edges[1]));
    }

    private static int flags(String names) {
        int flags = 0;
        for (String name : names.split("\\+", -1)) {
            if (!name.equals("none")) flags |= 1 << FLAGS.indexOf(name);
        }
        return flags;
    }

    private static int number(String digits) {
        return (int) Long.parseLong(digits);
    }
}
