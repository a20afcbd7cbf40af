package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.FlowListener;
import io.culvert.hook.Reason;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.Random;

/**
 * Row 1: spoofed sources from an on-ramp. A million packets of each of two tenants from anywhere:
 * all dropped because of their source, none forwarded, nothing sent back.
 */
@Tag("abuse")
@Timeout(300)
class SpoofedSourcesTest {
    private static final int PACKETS = 1_000_000;

    @ParameterizedTest
    @EnumSource
    void dropsAMillionForeignSourcesOfEachTenantInSilence(Family family) throws Exception {
        try (GatewayLog log = GatewayLog.open();
                Topology topology = Topology.withoutGateway()) {
            topology.addClient("client2");
            topology.routeOffRamp();
            topology.start(
                    topology.onRamps(1500, "acme", "umbrella")
                                    .replace("    mtu:", "    strict-source: true\n    mtu:")
                            + Topology.offRamp("")
                            + Topology.FORWARD_ALL,
                    FlowListener.NONE);
            topology.routeClients();
            for (int i = 0; i < 2; i++) {
                long dropped = topology.dropped(Reason.SOURCE_NOT_ALLOWED);
                long back = topology.client(i).packetsReceived(Topology.DEVICE);
                flood(topology, topology.client(i), family, new Random(i));
                Eventually.holds(
                        "all dropped, of " + topology.status(),
                        () -> topology.dropped(Reason.SOURCE_NOT_ALLOWED) >= dropped + PACKETS);
                assertEquals(back, topology.client(i).packetsReceived(Topology.DEVICE));
            }

            assertEquals(0, topology.flows().size());
            assertEquals(0, topology.status().carried());
            assertEquals(0, topology.status().answered());
            assertEquals(0, topology.status().returned());
            topology.everyPacketIsAccountedFor();
            log.showsNoFailure();
            Figures.print(
                    1,
                    "%s: %d of %d foreign packets dropped as such, 0 forwarded, 0 sent back",
                    family,
                    topology.dropped(Reason.SOURCE_NOT_ALLOWED),
                    2 * PACKETS);
        }
    }

    private static void flood(Topology topology, Host client, Family family, Random random)
            throws Exception {
        RawPacket of = new RawPacket(family.clientNetwork(), family.server());
        RawPacket last = new RawPacket(family.clientNetwork(), family.server(), 1);
        Template[] kinds = {
            new Template(of.udp(1_000, 53, new byte[10])),
            new Template(of.tcp(1_000, 80, 1, 0, RawPacket.SYN)),
            new Template(of.tcp(1_000, 80, 1, 1, RawPacket.ACK)),
            new Template(of.echoRequest(1, 1, new byte[10])),
            new Template(of.other(47, new byte[20])),
            new Template(last.udp(1_000, 53, new byte[10])),
        };
        int prefix = family.isIpv6() ? 0xfd00_0001 : 0x0a01_0000;
        int mask = family.isIpv6() ? -1 : 0xffff_ff00;
        try (PacketFlood flood =
                PacketFlood.withinQueueOf(topology.gateway(), client, Topology.DEVICE)) {
            for (int i = 0; i < PACKETS; i++) {
                int source = random.nextInt();
                while ((source & mask) == prefix) {
                    source = random.nextInt();
                }
                Template packet = kinds[i % kinds.length];
                packet.setInt(family.isIpv6() ? 8 : 12, source);
                flood.send(packet.bytes());
            }
            flood.flush();
            assertTrue(flood.sent() == PACKETS);
        }
    }
}
