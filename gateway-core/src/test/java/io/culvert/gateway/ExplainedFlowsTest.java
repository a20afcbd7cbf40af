package io.culvert.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.Flow;
import io.culvert.gateway.explain.Explanation;
import io.culvert.gateway.explain.Question;
import io.culvert.gateway.explain.Stage;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpPacket;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What is explained is what happens: flows at random, in worlds at random, are first asked about
 * and then sent.
 */
class ExplainedFlowsTest {
    private static final int WORLDS = 200;
    private static final int FLOWS = 40;
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final Set<Reason> TABLE =
            Set.of(
                    Reason.TABLE_FULL,
                    Reason.TENANT_LIMIT,
                    Reason.TENANT_RATE,
                    Reason.RATE_FLOWS,
                    Reason.RATE_FLOWS_PER_SECOND);
    private static final List<String> IPV4 =
            List.of(
                    "10.1.0.5",
                    "10.1.200.5",
                    "10.2.0.5",
                    "10.2.0.6",
                    "10.3.0.5",
                    "203.0.113.7",
                    "203.0.113.200",
                    "10.1.0.5",
                    "10.2.0.5",
                    "203.0.113.7",
                    "127.0.0.1",
                    "169.254.1.1",
                    "224.0.0.5",
                    "255.255.255.255",
                    "0.0.0.0",
                    "240.0.0.1");
    private static final List<String> IPV6 =
            List.of(
                    "2001:db8:1::5",
                    "2001:db8:2::5",
                    "2001:db8:2::6",
                    "2001:db8:3::5",
                    "2001:db9::7",
                    "2001:db8:1::5",
                    "2001:db8:2::5",
                    "2001:db9::7",
                    "::1",
                    "fe80::1",
                    "ff02::1",
                    "::");

    private final Random random = new Random(20_261_121);
    private final Map<String, Integer> seen = new TreeMap<>();
    private final Set<String> stages = new TreeSet<>();

    @Test
    void comesToWhatThePacketPathDoes() {
        for (int i = 0; i < WORLDS; i++) {
            ExplainedWorld world = new ExplainedWorld(random);
            Question last = null;
            for (int j = 0; j < FLOWS; j++) {
                if (random.nextInt(4) == 0) {
                    world.advance(Duration.ofMillis(random.nextInt(30_000)));
                }
                boolean again = last != null && random.nextInt(4) == 0;
                last = again ? last : question(world);
                compare(world, random.nextInt(8) == 0 ? reversed(last) : last);
            }
        }
        for (Reason reason :
                List.of(
                        Reason.POLICY_RULE,
                        Reason.POLICY_DEFAULT,
                        Reason.PROTOCOL_NOT_UPGRADABLE,
                        Reason.TABLE_FULL,
                        Reason.TENANT_LIMIT,
                        Reason.TENANT_RATE,
                        Reason.RATE_FLOWS,
                        Reason.RATE_FLOWS_PER_SECOND,
                        Reason.SYN_FLOOD,
                        Reason.NO_ROUTE,
                        Reason.OUTSIDE_PORTS_EXHAUSTED,
                        Reason.TENANT_PORTS,
                        Reason.TENANT_SLOTS,
                        Reason.ECHO_UNAVAILABLE,
                        Reason.SOURCE_NOT_ALLOWED,
                        Reason.NOT_UNICAST,
                        Reason.MARTIAN,
                        Reason.SHUTDOWN)) {
            assertTrue(seen.getOrDefault(reason.name(), 0) > 0, () -> reason + " of " + seen);
        }
        for (String outcome : List.of("forward", "upgrade", "known")) {
            assertTrue(seen.getOrDefault(outcome, 0) > 100, () -> outcome + " of " + seen);
        }
        assertEquals(
                Set.of(
                        "addresses",
                        "flow",
                        "handler",
                        "limits",
                        "off-ramp",
                        "on-ramp",
                        "opening",
                        "policy",
                        "source"),
                stages);
    }

    private Question question(ExplainedWorld world) {
        String tenant = ExplainedWorld.tenantName(random.nextInt(2));
        boolean ipv4 = random.nextBoolean();
        List<String> addresses = ipv4 ? IPV4 : IPV6;
        // Most initiators and targets are what they should be.
        int most = random.nextInt(3) > 0 ? (ipv4 ? 10 : 8) : addresses.size();
        int protocol =
                List.of(TCP, UDP, TCP, UDP, ipv4 ? 1 : 58, 47, 132, 99, ipv4 ? 58 : 1)
                        .get(random.nextInt(9));
        boolean ports = protocol == TCP || protocol == UDP;
        boolean ping = protocol == (ipv4 ? 1 : 58);
        List<String> tunnels = world.tunnelNames(tenant);
        return new Question(
                tenant,
                addresses.get(random.nextInt(most)),
                ports || ping ? 1_024 + random.nextInt(6) : 0,
                addresses.get(random.nextInt(most)),
                ports ? List.of(53, 443, 80, 0).get(random.nextInt(4)) : 0,
                protocol,
                random.nextBoolean() ? "" : tunnels.get(random.nextInt(tunnels.size())));
    }

    private static Question reversed(Question of) {
        boolean ports = of.protocol() == TCP || of.protocol() == UDP;
        return new Question(
                of.tenant(),
                of.destination(),
                ports ? of.destinationPort() : of.sourcePort(),
                of.source(),
                ports ? of.sourcePort() : of.destinationPort(),
                of.protocol(),
                "");
    }

    private static byte[] packet(Question question) {
        End from = new End(question.source(), question.sourcePort());
        End to = new End(question.destination(), question.destinationPort());
        return switch (question.protocol()) {
            case TCP -> Bytes.tcp(from, to, Bytes.SYN, 1_000, 0);
            case UDP -> Bytes.udp(from, to, 0);
            default ->
                    question.protocol() == (from.isIpv6() ? 58 : 1)
                            ? Bytes.echoRequest(from, to)
                            : Bytes.other(from, to, question.protocol(), new byte[20]);
        };
    }

    private void compare(ExplainedWorld world, Question question) {
        String before = world.state();
        Explanation explained = world.explain(question);
        assertEquals(explained, world.explain(question), "asked a second time");
        assertEquals(before, world.state(), "an explanation changes nothing");
        assertEquals(Map.of(), world.out(), "an explanation sends nothing");
        explained.stages().stream().map(Stage::stage).forEach(stages::add);

        Reason reason = explained.reason().isEmpty() ? null : Reason.valueOf(explained.reason());
        long dropped = reason == null ? 0 : world.counters().droppedCount(reason);
        long answered = world.counters().answeredCount();
        ExplainedWorld.Taken taken = world.receive(explained.onRamp(), packet(question));
        Map<String, List<byte[]>> out = world.out();
        String all = explained + "\nout " + out.keySet() + " closed " + world.closed();

        if (explained.flow() != 0) {
            seen.merge("known", 1, Integer::sum);
            assertTrue(world.opened().isEmpty() || world.closed().contains(Reason.IDLE), all);
        } else if (reason == null) {
            seen.merge(explained.outcome(), 1, Integer::sum);
            carried(explained, world, taken, out, all);
        } else {
            if (taken == ExplainedWorld.Taken.UPGRADED && question.protocol() == UDP) {
                // The upgrader that is not there would be asked for the owner before the table.
                assertTrue(TABLE.contains(reason), all);
                return;
            }
            seen.merge(explained.reason(), 1, Integer::sum);
            assertEquals(ExplainedWorld.Taken.YES, taken, all);
            boolean told = world.counters().answeredCount() > answered;
            // An answer that a limit keeps back counts as a packet dropped for that reason.
            assertTrue(told || world.counters().droppedCount(reason) == dropped + 1, all);
            assertTrue(explained.answered() || !told, all);
            if (told) {
                assertEquals(Set.of(explained.onRamp()), out.keySet(), all);
                assertEquals(
                        answer(reason, question),
                        kind(out.get(explained.onRamp()).getFirst()),
                        all);
            } else {
                assertEquals(Map.of(), out, all);
            }
        }
    }

    private static void carried(
            Explanation explained,
            ExplainedWorld world,
            ExplainedWorld.Taken taken,
            Map<String, List<byte[]>> out,
            String all) {
        if (taken == ExplainedWorld.Taken.UPGRADED) {
            assertEquals("upgrade", explained.outcome(), all);
        } else {
            String leaves = explained.tunnel().isEmpty() ? explained.offRamp() : explained.tunnel();
            assertEquals(Set.of(leaves), out.keySet(), all);
            IpPacket ip = new IpPacket();
            byte[] bytes = out.get(leaves).getFirst();
            ip.wrap(ByteBuffer.wrap(bytes), 0, bytes.length);
            String source = new IpAddress(ip.sourceHigh(), ip.sourceLow()).toString();
            if (explained.outside().isEmpty()) {
                assertEquals(explained.question().source(), source, all);
            } else {
                assertTrue(
                        explained.outside().equals(source)
                                || explained
                                        .outside()
                                        .equals(
                                                Findings.side(
                                                        ip.sourceHigh(),
                                                        ip.sourceLow(),
                                                        ip.sourcePort())),
                        all);
            }
        }
        // Without an upgrader a datagram for a socket does not get as far as the table.
        if (taken == ExplainedWorld.Taken.YES || explained.question().protocol() != UDP) {
            assertEquals(1, world.opened().size(), all);
            Flow flow = world.opened().getFirst();
            assertEquals(explained.rule(), flow.decision().decidedBy(), all);
            assertEquals(
                    explained.outcome(),
                    flow.decision() instanceof FlowDecision.Upgrade ? "upgrade" : "forward",
                    all);
            if (flow.decision() instanceof FlowDecision.Upgrade upgrade) {
                assertEquals(upgrade.via(), explained.offRamp(), all);
            }
        }
    }

    /** What its sender hears. */
    private static String answer(Reason reason, Question question) {
        boolean tcp = question.protocol() == TCP;
        boolean ipv6 = question.source().contains(":");
        return switch (reason) {
            case POLICY_RULE, POLICY_DEFAULT -> tcp ? "reset" : ipv6 ? "1/1" : "3/13";
            case NO_ROUTE -> ipv6 ? "1/0" : "3/0";
            case PROTOCOL_NOT_UPGRADABLE -> ipv6 ? "4/1" : "3/2";
            case SYN_FLOOD -> "challenge";
            case TENANT_LIMIT, TENANT_SLOTS, RATE_FLOWS, TENANT_PORTS, OUTSIDE_PORTS_EXHAUSTED ->
                    ipv6 ? "1/1" : "3/13";
            default -> "nothing";
        };
    }

    private static String kind(byte[] packet) {
        IpPacket ip = new IpPacket();
        ip.wrap(ByteBuffer.wrap(packet), 0, packet.length);
        return ip.tcp() != null
                ? ip.tcp().rst() ? "reset" : "challenge"
                : ip.icmp().type() + "/" + ip.icmp().code();
    }
}
