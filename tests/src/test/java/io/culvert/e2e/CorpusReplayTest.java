package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.corpus.CorpusPacket;
import io.culvert.flow.Flow;
import io.culvert.fuzz.PlainPacket;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The whole corpus into every input there is, and its conversations from both sides: each packet is
 * accounted for, nothing malformed leaves, nothing is thrown, and the next packet is carried.
 */
@Timeout(180)
class CorpusReplayTest {
    @Test
    void intoATunnelThatIsUpgraded() throws Exception {
        try (Replay replay = Replay.open(Replay.EAST, Topology.UPGRADE_ALL)) {
            replay.sendCorpus(replay.west());
            Map<Host, Integer> out = replay.assertSound();

            assertTrue(out.get(replay.west()) > 100, "answers: " + out);
        }
    }

    @Test
    void intoATunnelTowardsAnother() throws Exception {
        try (Replay replay = Replay.open(Replay.EAST, Topology.FORWARD_ALL)) {
            replay.sendCorpus(replay.west());
            Map<Host, Integer> out = replay.assertSound();

            assertTrue(out.get(replay.east()) > 2_000, "forwarded: " + out);
            stillForwards(replay);
        }
    }

    /** From a link of 1400 bytes to one of 65,535. */
    @Test
    void intoTheOtherTunnelTowardsTheFirst() throws Exception {
        try (Replay replay = Replay.open(Replay.WEST, Topology.FORWARD_ALL)) {
            replay.sendCorpus(replay.east());
            Map<Host, Integer> out = replay.assertSound();

            assertTrue(out.get(replay.west()) > 2_000, "forwarded: " + out);
            stillForwards(replay);
        }
    }

    @Test
    void intoATunnelTowardsADevice() throws Exception {
        try (Replay replay = Replay.open("", Replay.OFF_RAMP + Topology.FORWARD_ALL)) {
            replay.sendCorpus(replay.west());
            Map<Host, Integer> out = replay.assertSound();

            assertTrue(out.get(replay.lan()) > 1_000, "translated: " + out);
            assertEquals(0, out.get(replay.east()), "into another tunnel: " + out);
            stillForwards(replay);
        }
    }

    /** While flows are open through it, which none of these packets may belong to. */
    @Test
    void intoTheDeviceTowardsATunnel() throws Exception {
        try (Replay replay = Replay.open("", Replay.OFF_RAMP + Topology.FORWARD_ALL)) {
            for (Family family : Family.values()) {
                RawPacket packet = new RawPacket(family.client(), family.server());
                replay.sendAndAwait(replay.west(), packet.tcp(1_000, 80, 1, 0, RawPacket.SYN));
                replay.sendAndAwait(replay.west(), packet.udp(1_000, 53, new byte[4]));
            }
            // The server has nothing on these ports, and says so.
            List<Capture.Captured> answers = new ArrayList<>();
            Eventually.holds(
                    "a reset and an error over each family",
                    () -> {
                        answers.addAll(replay.next(replay.west()));
                        return answers.size() == 4;
                    });
            long carried = replay.topology().status().carried();
            replay.sendCorpus(replay.lan());
            Map<Host, Integer> out = replay.assertSound();

            assertEquals(4, out.get(replay.west()), "let in: " + out);
            assertEquals(0, out.get(replay.east()), "let in: " + out);
            assertEquals(carried, replay.topology().status().carried(), "let in");
            stillForwards(replay);
        }
    }

    @Test
    void conversationsBetweenTwoTunnels() throws Exception {
        try (Replay replay = Replay.open(Replay.EAST, Topology.FORWARD_ALL)) {
            for (List<CorpusPacket> conversation : conversations().values()) {
                Map<String, Boolean> fromWest = new HashMap<>();
                for (CorpusPacket each : conversation) {
                    byte[] bytes = Replay.bytes(each);
                    Host from = isInitiators(bytes, fromWest) ? replay.west() : replay.east();
                    replay.sendAndAwait(from, bytes);
                }
            }
            Map<Host, Integer> out = replay.assertSound();

            assertTrue(out.get(replay.west()) > 800, "carried back: " + out);
            assertTrue(out.get(replay.east()) > 1_000, "carried there: " + out);
            List<Flow> flows = replay.topology().flows();
            long replied = flows.stream().filter(Flow::isReplied).count();
            long ended = flows.stream().filter(flow -> flow.tcpState().isOver()).count();
            assertTrue(replied > 80, "with packets both ways: " + replied);
            assertTrue(ended > 40, "closed or reset: " + ended);
            stillForwards(replay);
        }
    }

    /** What the target sends is for where it has seen the initiator's packets come from. */
    @Test
    void conversationsThroughTheDevice() throws Exception {
        try (Replay replay = Replay.open("", Replay.OFF_RAMP + Topology.FORWARD_ALL)) {
            for (List<CorpusPacket> conversation : conversations().values()) {
                Map<String, Boolean> fromWest = new HashMap<>();
                OutsideView outside = new OutsideView();
                for (CorpusPacket each : conversation) {
                    byte[] bytes = Replay.bytes(each);
                    if (isInitiators(bytes, fromWest)) {
                        replay.sendAndAwait(replay.west(), bytes);
                        outside.seen(bytes, replay.next(replay.lan()));
                    } else {
                        replay.sendAndAwait(replay.lan(), outside.answer(bytes));
                    }
                }
            }
            Map<Host, Integer> out = replay.assertSound();

            assertTrue(out.get(replay.west()) > 500, "let in: " + out);
            assertTrue(out.get(replay.lan()) > 600, "let out: " + out);
            assertEquals(0, out.get(replay.east()), "into another tunnel: " + out);
            List<Flow> flows = replay.topology().flows();
            long replied = flows.stream().filter(Flow::isReplied).count();
            assertTrue(replied > 80, "with packets both ways: " + replied);
            stillForwards(replay);
        }
    }

    private static Map<String, List<CorpusPacket>> conversations() {
        Map<String, List<CorpusPacket>> files = new LinkedHashMap<>();
        for (CorpusPacket each : CorpusPacket.all()) {
            if (each.isIn("conversations") && each.length() > 0) {
                files.computeIfAbsent(each.file(), _ -> new ArrayList<>()).add(each);
            }
        }
        return files;
    }

    /** Whether it is from the one of its two addresses that was the first to send. */
    private static boolean isInitiators(byte[] bytes, Map<String, Boolean> first) {
        int family = bytes[0] >> 4;
        if (bytes.length < (family == 4 ? 20 : 40) || (family != 4 && family != 6)) return true;
        int at = family == 4 ? 12 : 8;
        int size = family == 4 ? 4 : 16;
        String source = Arrays.toString(Arrays.copyOfRange(bytes, at, at + size));
        String target = Arrays.toString(Arrays.copyOfRange(bytes, at + size, at + 2 * size));
        first.putIfAbsent(source + target, true);
        first.putIfAbsent(target + source, false);
        return first.get(source + target);
    }

    private static void stillForwards(Replay replay) throws Exception {
        for (Family family : Family.values()) {
            InetAddress east = family.branch();
            byte[] there = new RawPacket(family.client(), east).udp(7, 77, new byte[9]);
            long before = replay.topology().status().carried();
            replay.next(replay.east());
            replay.send(replay.west(), there);

            Eventually.holds(
                    "the next packet is carried",
                    () -> replay.topology().status().carried() > before);
            Eventually.holds(
                    "the next packet is forwarded",
                    () ->
                            replay.next(replay.east()).stream()
                                    .map(packet -> PlainPacket.of(packet.bytes()))
                                    .anyMatch(packet -> packet.destinationPort() == 77));
        }
    }
}
