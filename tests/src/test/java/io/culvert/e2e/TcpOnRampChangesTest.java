package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/** On-ramps of TCP ports that change while connections are there, and what new ones meet then. */
@Timeout(60)
class TcpOnRampChangesTest {
    private static final int MIB = 1024 * 1024;

    @ParameterizedTest
    @EnumSource
    void onRampsComeAndGoWhileADownloadGoesOn(Family family) throws Exception {
        String first = FrontDoor.to(family);
        String second =
                first
                        + FrontDoor.to(family)
                                .replace("onramps:\n", "")
                                .replace("web", "second")
                                .replace("7000", "7001");
        long half = 4 * MIB;
        try (FrontDoor door = FrontDoor.open(first + FrontDoor.RELAY);
                TcpServer server =
                        TcpServer.on(
                                door.topology.server(),
                                family,
                                family.server(),
                                FrontDoor.ECHO,
                                c -> new Content(1).send(c, 2 * half));
                SocketChannel client = door.connect(family)) {
            new Content(1).receive(client, half);
            door.topology.gateway().apply(Topology.configuration(second + FrontDoor.RELAY), false);
            try (SocketChannel other =
                    door.topology.client().connect(family, FrontDoor.address(family, 7_001))) {
                new Content(1).receive(other, 1);
                door.topology
                        .gateway()
                        .apply(Topology.configuration(first + FrontDoor.RELAY), false);
                assertEquals(Reason.ON_RAMP_REMOVED, door.log.ended(FrontDoor.ECHO).reason());
                assertThrows(IOException.class, () -> new Content(1).receive(other, 1, 2 * half));
            }
            assertThrows(
                    IOException.class,
                    () -> door.topology.client().connect(family, FrontDoor.address(family, 7_001)));
            new Content(1).receive(client, half, 2 * half);
            assertEquals(2, server.accepted());
        }
    }

    @ParameterizedTest
    @EnumSource
    void anOnRampMovesToAnotherPortAndItsConnectionsStay(Family family) throws Exception {
        String moved =
                FrontDoor.to(family)
                        .replace(Integer.toString(FrontDoor.PORT), Integer.toString(7_001));
        try (FrontDoor door = FrontDoor.open(FrontDoor.to(family) + FrontDoor.RELAY);
                TcpServer _ = door.echo(family);
                SocketChannel before = door.connect(family)) {
            FrontDoor.echoes(before, "a");
            door.topology.gateway().apply(Topology.configuration(moved + FrontDoor.RELAY), false);
            assertThrows(IOException.class, () -> door.connect(family));
            try (SocketChannel after =
                    door.topology.client().connect(family, FrontDoor.address(family, 7_001))) {
                FrontDoor.echoes(after, "b");
            }
            FrontDoor.echoes(before, "c");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aPortThatSomebodyElseHasChangesNothing(Family family) throws Exception {
        try (FrontDoor door = FrontDoor.open(FrontDoor.to(family) + FrontDoor.RELAY);
                TcpServer _ = door.echo(family);
                TcpServer _ =
                        TcpServer.on(
                                door.topology.gatewayHost(),
                                family,
                                family.gatewayInside(),
                                7_001,
                                TcpServer.ECHO)) {
            String wanted =
                    FrontDoor.to(family) + FrontDoor.onRamp("second", 7_001, "") + FrontDoor.RELAY;
            IOException failure =
                    assertThrows(
                            IOException.class,
                            () ->
                                    door.topology
                                            .gateway()
                                            .apply(Topology.configuration(wanted), false));
            assertTrue(
                    failure.getMessage().startsWith("on-ramp second cannot listen on TCP "),
                    failure::getMessage);
            try (SocketChannel client = door.connect(family)) {
                FrontDoor.echoes(client, "a");
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aDrainWaitsForWhoIsThereAndResetsWhoComes(Family family) throws Exception {
        try (FrontDoor door = FrontDoor.open(FrontDoor.to(family) + FrontDoor.RELAY);
                TcpServer _ = door.echo(family);
                SocketChannel client = door.connect(family)) {
            FrontDoor.echoes(client, "a");
            FutureTask<Boolean> drain =
                    new FutureTask<>(
                            () -> {
                                door.topology
                                        .gateway()
                                        .drain(Duration.ofSeconds(60), new CountDownLatch(1));
                                return door.topology.gateway().flows() == 0;
                            });
            Thread.ofVirtual().start(drain);
            Eventually.holds(
                    "newcomers are reset",
                    () -> {
                        try (SocketChannel other = door.connect(family)) {
                            FrontDoor.write(other, "x");
                            return FrontDoor.read(other, 1).isEmpty();
                        } catch (IOException refused) {
                            return true;
                        }
                    });
            FrontDoor.echoes(client, "b");
            assertEquals(Reason.SHUTDOWN, door.log.refused(1).getFirst().reason());
            client.shutdownOutput();
            assertEquals("", FrontDoor.read(client, 1));
            assertTrue(drain.get(30, TimeUnit.SECONDS));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aLimitResetsTheNewOneAndTheOthersStay(Family family) throws Exception {
        String limits = "limits: { flows-per-tenant: 1 }\n";
        try (FrontDoor door = FrontDoor.open(FrontDoor.to(family) + FrontDoor.RELAY + limits);
                TcpServer _ = door.echo(family);
                SocketChannel first = door.connect(family)) {
            FrontDoor.echoes(first, "a");
            door.resets(family);
            assertEquals(Reason.TENANT_LIMIT, door.log.refused(1).getFirst().reason());
            FrontDoor.echoes(first, "b");
        }
    }
}
