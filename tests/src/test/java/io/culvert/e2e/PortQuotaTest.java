package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.Arrays;

/**
 * Row 4: one tenant takes all the outside ports that it may, and as many again. It is told so once
 * a second and no more, all its flows go on, and nobody else of twenty-five has a connection fail.
 * How it recovers is {@code abuse.PortQuotaRecoveryTest}'s, because ports rest for two minutes.
 */
@Tag("abuse")
@Timeout(300)
class PortQuotaTest {
    private static final int QUOTA = 256;
    private static final int OTHERS = 25;
    private static final int CONNECTS = 40;
    private static final int CLIENT_PORT = 5_000;
    private static final int RATE = 2_000;
    private static final int SECONDS = 10;
    private static final int BURST = 6;

    @ParameterizedTest
    @EnumSource
    void takesNothingFromOthersOrFromWhatLives(Family family) throws Exception {
        String[] tenants = new String[1 + OTHERS];
        Arrays.setAll(tenants, i -> "tenant" + i);
        try (GatewayLog log = GatewayLog.open();
                Topology topology =
                        Topology.withOffRamp(
                                "ports-per-tenant: " + QUOTA, Topology.FORWARD_ALL, tenants);
                UdpEcho echo = UdpEcho.on(topology.server(), family, family.server());
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO);
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            int port = echo.address().getPort();
            RawPacket packet = new RawPacket(family.client(), family.server());
            for (int i = 0; i < QUOTA; i++) {
                ramp.send(packet.udp(CLIENT_PORT + i, port, new byte[10]));
            }
            Eventually.equal(QUOTA, "the quota", echo::received);
            ramp.next(ip -> false);

            Thread attacker = Thread.ofPlatform().start(() -> beyondQuota(topology, family, port));
            long start = System.nanoTime();
            int failed = 0;
            int errors = 0;
            for (int i = 0; i < CONNECTS; i++) {
                for (int other = 1; other <= OTHERS; other++) {
                    failed += connects(topology.client(other), family, server) ? 0 : 1;
                }
                errors += errors(ramp, family);
            }
            attacker.join();
            double seconds = (System.nanoTime() - start) / 1e9;
            errors += errors(ramp, family);

            int before = echo.received();
            for (int i = 0; i < QUOTA; i++) {
                ramp.send(packet.udp(CLIENT_PORT + i, port, new byte[11]));
            }
            Eventually.equal(before + QUOTA, "what lives", echo::received);
            Figures.print(
                    4,
                    "%s: beyond its quota of %d for %.1f s: told so %d times (<= 1/s and %d at"
                            + " once); of %d connects of %d others %d failed (0); its own flows"
                            + " that work %d of %d",
                    family,
                    QUOTA,
                    seconds,
                    errors,
                    BURST,
                    CONNECTS * OTHERS,
                    OTHERS,
                    failed,
                    echo.received() - before,
                    QUOTA);
            assertEquals(0, failed);
            assertTrue(errors > 0, "never told");
            assertTrue(errors <= seconds + 1 + BURST, errors + " in " + seconds + " s");
            topology.everyPacketIsAccountedFor();
            log.showsNoFailure();
        }
    }

    /** Further endpoints, as many again as the quota is, over and over. */
    private static void beyondQuota(Topology topology, Family family, int port) {
        Template datagram =
                new Template(
                        new RawPacket(family.client(), family.server())
                                .udp(CLIENT_PORT, port, new byte[10]));
        try (PacketFlood flood = PacketFlood.atRate(RATE, topology.client(), Topology.DEVICE)) {
            for (int i = 0; i < RATE * SECONDS; i++) {
                flood.send(datagram.sourcePort(CLIENT_PORT + QUOTA + i % QUOTA).bytes());
            }
            flood.flush();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** RFC 5508 REQ-8: administratively prohibited. */
    private static int errors(PacketSocket ramp, Family family) {
        int[] count = {0};
        int code = family.isIpv6() ? 1 : 13;
        ramp.next(
                ip -> {
                    if (Icmp.isUnreachable(ip) && ip.icmp().code() == code) {
                        count[0]++;
                    }
                    return false;
                });
        return count[0];
    }

    private static boolean connects(Host client, Family family, TcpServer server) {
        try (SocketChannel channel = client.connect(family, server.address())) {
            new Content(4).send(channel, 100);
            new Content(4).receive(channel, 100);
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
