package io.culvert.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.culvert.gateway.config.ConfigurationFile;
import io.culvert.gateway.config.Loaded;
import io.culvert.gateway.policy.Rule;
import io.culvert.hook.Reason;
import io.culvert.nat.Filtering;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;

/** What rates and audit mode do to packets. */
class PolicyBehaviourTest {
    private LoneWorker worker;

    private void start(String rules) {
        Loaded loaded = ConfigurationFile.read("f", "policy: { rules: [ %s ] }".formatted(rules));
        List<Rule> all =
                assertInstanceOf(Loaded.Valid.class, loaded, loaded::toString)
                        .configuration()
                        .policy()
                        .rules();
        // Nowhere but to the tunnels.
        worker =
                new LoneWorker(
                        Filtering.ADDRESS_AND_PORT_DEPENDENT,
                        LoneWorker.MTU,
                        all,
                        /* defaultDevice= */ "");
    }

    @AfterEach
    void everyPacketIsAccountedFor() {
        assertEquals(0, worker.unaccounted());
    }

    private int sent(byte[] packet, int times) {
        int passed = 0;
        for (int i = 0; i < times; i++) {
            worker.fromTunnel(packet);
            passed += worker.bytesAtBranch().size();
        }
        return passed;
    }

    private int answered(byte[] packet, int times) {
        int passed = 0;
        for (int i = 0; i < times; i++) {
            worker.fromBranch(packet);
            passed += worker.bytesAtTunnel().size();
        }
        return passed;
    }

    private static byte[] packet(Family family, int port) {
        return Bytes.udp(family.client(port), family.branch(53), 972);
    }

    /** A whole packet has so much more than the data. */
    private static int length(Family family) {
        return 972 + 8 + (family.isIpv6() ? 40 : 20);
    }

    /** RFC 792 and RFC 4443 section 3.4, whose pointer is at the next header field. */
    @ParameterizedTest
    @EnumSource
    void saysThatAProtocolCannotBeUpgraded(Family family) {
        start("{ do: upgrade }");
        byte[] gre = Bytes.other(family.client(0), family.branch(0), 47, new byte[20]);

        worker.fromTunnel(gre);

        byte[] answer = worker.bytesAtTunnel().getFirst();
        int icmp = family.isIpv6() ? 40 : 20;
        assertEquals(family.isIpv6() ? 4 : 3, answer[icmp]);
        assertEquals(family.isIpv6() ? 1 : 2, answer[icmp + 1]);
        assertEquals(family.isIpv6() ? 6 : 0, ByteBuffer.wrap(answer).getInt(icmp + 4));
        assertEquals(0, worker.dropped(Reason.PROTOCOL_NOT_UPGRADABLE));
    }

    @ParameterizedTest
    @EnumSource
    void dropsWhatIsBeyondTheBytesASecondOfBothDirections(Family family) {
        start("{ do: forward, rate: { per: rule, bytes-per-second: 1MB } }");
        byte[] reply = Bytes.udp(family.branch(53), family.client(4000), 972);
        int burst = 1_000_000 / length(family);

        assertEquals(burst, sent(packet(family, 4000), 2000));
        assertEquals(0, answered(reply, 10));
        assertEquals(2010 - burst, worker.dropped(Reason.RATE_BYTES));

        worker.advance(Duration.ofMillis(500));
        int half = answered(reply, 300) + sent(packet(family, 4001), 300);
        // Of a moment more than half a second.
        assertEquals(burst / 2.0, half, 1.0);
    }

    @ParameterizedTest
    @EnumSource
    void dropsWhatIsBeyondThePacketsASecond(Family family) {
        start("{ do: forward, rate: { per: tenant, packets-per-second: 100 } }");
        assertEquals(100, sent(packet(family, 4000), 150));
        assertEquals(50, worker.dropped(Reason.RATE_PACKETS));
        worker.advance(Duration.ofMillis(100));
        assertEquals(10, sent(packet(family, 4000), 20));
    }

    @ParameterizedTest
    @EnumSource
    void refusesFlowsThatComeTooFastInSilence(Family family) {
        start("{ do: forward, rate: { per: source, flows-per-second: 5 } }");
        for (int i = 0; i < 5; i++) {
            assertEquals(1, sent(packet(family, 4000 + i), 1));
        }
        assertEquals(0, sent(packet(family, 4005), 1));
        assertEquals(1, worker.dropped(Reason.RATE_FLOWS_PER_SECOND));
        assertEquals(List.of(), worker.atTunnel());
        // Those that live go on.
        assertEquals(1, sent(packet(family, 4000), 1));
        worker.advance(Duration.ofMillis(200));
        assertEquals(1, sent(packet(family, 4005), 1));
    }

    @ParameterizedTest
    @EnumSource
    void answersFlowsThatAreTooManyUntilOneHasEnded(Family family) {
        start("{ do: forward, rate: { per: source, flows: 2 } }");
        assertEquals(2, sent(packet(family, 4000), 1) + sent(packet(family, 4001), 1));
        assertEquals(0, sent(packet(family, 4002), 1));
        assertEquals(
                List.of(
                        "%s > %s icmp %d/%d 0 about %s > %s, 64 hops"
                                .formatted(
                                        new End(family.gateway(), 0),
                                        family.client(0),
                                        family.unreachable(),
                                        family.isIpv6() ? 1 : 13,
                                        family.client(4002),
                                        family.branch(53))),
                worker.atTunnel());

        worker.advance(Duration.ofSeconds(400));

        assertEquals(0, worker.flows());
        assertEquals(2, sent(packet(family, 4002), 1) + sent(packet(family, 4003), 1));
        assertEquals(0, sent(packet(family, 4004), 1));
    }

    @ParameterizedTest
    @EnumSource
    void countsNoFlowThatFoundNoRoute(Family family) {
        start("{ do: forward, rate: { per: rule, flows: 1 } }");
        for (int i = 0; i < 10; i++) {
            worker.fromTunnel(Bytes.udp(family.client(4000 + i), family.server(53), 10));
        }
        assertEquals(0, worker.flows());
        assertEquals(0, worker.dropped(Reason.RATE_FLOWS));
        assertEquals(1, sent(packet(family, 4000), 1));
    }

    @ParameterizedTest
    @EnumSource
    void refusesNothingInAuditMode(Family family) {
        start(
                "{ do: reject, protocol: udp, audit: true }, { do: forward, ports: 53 }, { do: deny"
                        + " }");
        assertEquals(1, sent(packet(family, 4000), 1));
        worker.fromTunnel(Bytes.udp(family.client(4000), family.branch(54), 10));
        assertEquals(1, worker.dropped(Reason.POLICY_RULE));
        assertEquals(List.of(), worker.atTunnel());
    }
}
