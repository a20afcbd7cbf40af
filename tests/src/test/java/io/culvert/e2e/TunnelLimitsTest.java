package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** How many tunnels an on-ramp of type {@code seqpacket} takes, and who is kept out by whom. */
@Timeout(60)
class TunnelLimitsTest {
    /** Of {@code io.culvert.gateway.Newcomers}, for one user. */
    private static final int NEWCOMERS = 256;

    @TempDir private Path directory;

    private SeqpacketTunnels open(String onRamp) throws IOException {
        return SeqpacketTunnels.open(directory, onRamp, Topology.UPGRADE_ALL);
    }

    private static RawTunnel join(SeqpacketTunnels tunnels, String context) throws Exception {
        int before = tunnels.topology().gateway().tunnels();
        RawTunnel tunnel = RawTunnel.open(tunnels.path(), context);
        Eventually.equal(before + 1, "tunnels", tunnels.topology().gateway()::tunnels);
        return tunnel;
    }

    private static void isRefused(SeqpacketTunnels tunnels, String context, String why)
            throws Exception {
        try (RawTunnel refused = RawTunnel.open(tunnels.path(), context)) {
            assertEquals("refused: " + why + "\n", refused.said());
            assertEquals("", refused.said(), "and then the end");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'tunnels: 2', 'there are 2 tunnels already, as many as may be'",
        "'tunnels: 5, tunnels-per-user: 2', 'you have 2 tunnels already, as many as one user may'",
    })
    void refusesOneTunnelMoreThanMayBeUntilOneHasGone(String limit, String why) throws Exception {
        try (SeqpacketTunnels tunnels = open(", " + limit);
                RawTunnel first = join(tunnels, "tenant=acme")) {
            RawTunnel second = join(tunnels, "tenant=umbrella");
            isRefused(tunnels, "tenant=acme", why);
            assertEquals(2, tunnels.topology().gateway().tunnels());
            assertTrue(first.isOpen());

            second.close();
            Eventually.equal(1, "tunnels", tunnels.topology().gateway()::tunnels);
            join(tunnels, "tenant=acme").close();
        }
    }

    @Test
    void keepsThePlaceOfATunnelThatMayComeBack() throws Exception {
        String known = "tenant=acme\nid=laptop-7";
        try (SeqpacketTunnels tunnels = open(", tunnels: 1")) {
            join(tunnels, known).close();
            Eventually.equal(0, "tunnels", tunnels.topology().gateway()::tunnels);

            isRefused(tunnels, "tenant=acme", "there are 1 tunnels already, as many as may be");
            try (RawTunnel again = join(tunnels, known);
                    RawTunnel instead = RawTunnel.open(tunnels.path(), known)) {
                assertEquals(
                        "", again.said(), "one connection of a tunnel takes the other's place");
                assertTrue(instead.isOpen());
                assertEquals(1, tunnels.topology().gateway().tunnels());
            }
        }
    }

    @Test
    void forgetsATunnelThatHasNotComeBackInTime() throws Exception {
        try (SeqpacketTunnels tunnels = open(", tunnels: 1, grace: 100ms")) {
            join(tunnels, "tenant=acme\nid=laptop-7").close();

            Eventually.holds(
                    "the place is free",
                    () -> {
                        try (RawTunnel next = RawTunnel.open(tunnels.path(), "tenant=acme")) {
                            next.send(new byte[] {0x45});
                            return tunnels.topology().status().received() > 0;
                        }
                    });
        }
    }

    /** They have five seconds, so that all of them are there at once. */
    @Test
    void refusesWhoComesWhileTooManySayNothing() throws Exception {
        List<RawTunnel> silent = new ArrayList<>();
        try (SeqpacketTunnels tunnels = open("");
                RawTunnel before = join(tunnels, "tenant=acme")) {
            for (int i = 0; i < NEWCOMERS; i++) {
                silent.add(RawTunnel.silent(tunnels.path()));
            }
            isRefused(
                    tunnels,
                    "tenant=acme",
                    "too many have come that have not said yet what they are; try again");

            assertEquals(1, before.send(new byte[] {0x45}));
            Eventually.equal(1L, "received", () -> tunnels.topology().status().received());
            silent.forEach(RawTunnel::close);
            join(tunnels, "tenant=acme").close();
        } finally {
            silent.forEach(RawTunnel::close);
        }
    }

    @Test
    void saysSoToWhoSaysNothing() throws Exception {
        try (SeqpacketTunnels tunnels = open("");
                RawTunnel silent = RawTunnel.silent(tunnels.path())) {
            assertEquals("refused: no context came\n", silent.said());
            assertEquals("", silent.said(), "and then the end");
        }
    }

    /** Those for whom there is no descriptor wait in the socket's queue, and nothing spins. */
    @Test
    void takesTunnelsAgainOnceItMayOpenDescriptors() throws Exception {
        Path socket = directory.resolve("tunnels.sock");
        Path configuration = directory.resolve("tunnels.yaml");
        Files.writeString(
                configuration,
                "onramps: [{ name: warp, type: seqpacket, path: %s }]\n".formatted(socket)
                        + Topology.UPGRADE_ALL);
        List<RawTunnel> all = new ArrayList<>();
        try (Host host = Host.withMounts("gateway");
                CulvertProcess culvert =
                        CulvertProcess.startBehind(
                                host,
                                ScarceDescriptorsTest.FEW_FILES,
                                "run",
                                "--control",
                                directory.resolve("control.sock").toString(),
                                configuration.toString())) {
            culvert.awaitReady();
            for (int i = 0; i < 300; i++) {
                all.add(RawTunnel.open(socket, "tenant=acme"));
            }
            Eventually.holds(
                    "it has said so",
                    () ->
                            culvert.errors().stream()
                                    .anyMatch(line -> line.contains("No tunnel can come")));
            Eventually.holds(
                    "idle while nothing happens", () -> ScarceDescriptorsTest.isIdle(culvert));
            all.subList(0, 280).forEach(RawTunnel::close);

            try (RawTunnel refused = RawTunnel.open(socket, "user=alice")) {
                assertEquals("refused: the context has no tenant=NAME\n", refused.said());
            }
        } finally {
            all.forEach(RawTunnel::close);
        }
    }

    @Test
    void keepsItsAccountOfManyThatComeAndGo() throws Exception {
        try (SeqpacketTunnels tunnels = open(", tunnels: 50")) {
            for (int round = 0; round < 20; round++) {
                List<RawTunnel> all = new ArrayList<>();
                for (int i = 0; i < 50; i++) {
                    all.add(RawTunnel.open(tunnels.path(), "tenant=t" + i));
                }
                Eventually.equal(50, "tunnels", tunnels.topology().gateway()::tunnels);
                all.forEach(RawTunnel::close);
                Eventually.equal(0, "tunnels", tunnels.topology().gateway()::tunnels);
            }
            Eventually.atRest(
                    Duration.ofMillis(50), () -> (long) tunnels.topology().gateway().tunnels());
            assertEquals(0, tunnels.topology().gateway().tunnels());
        }
    }
}
