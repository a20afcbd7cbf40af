package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.culvert.tun.GreFields;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * As on most network cards: the kernel joins segments inside GRE before any socket sees them, and
 * tells a raw socket nothing of it.
 */
@Tag("abuse")
@Timeout(120)
class GreOffloadTest {
    private static final int LENGTH = 32 * 1024 * 1024;
    private static final int ETHERNET = 1_500;

    @ParameterizedTest(name = "{0} outside, {1} inside, checksum {2}")
    @CsvSource({
        "IPV4, IPV4, false",
        "IPV4, IPV6, false",
        "IPV6, IPV4, false",
        "IPV6, IPV6, false",
        "IPV4, IPV4, true",
        "IPV6, IPV6, true",
    })
    void takesSegmentsThatTheKernelHasJoined(Family outer, Family family, boolean checksum)
            throws Exception {
        GreFields fields = GreFields.NONE.withKey(42);
        try (GreTunnels tunnels =
                        GreTunnels.open(
                                outer,
                                1,
                                GreTunnels.peer(outer, 0, "key: 42, tenant: acme"),
                                Topology.UPGRADE_ALL);
                GreClient _ = tunnels.join(0, false, checksum ? fields.withChecksum() : fields);
                TcpServer server =
                        TcpServer.on(
                                tunnels.topology().server(),
                                family,
                                connection -> {
                                    new Content(1).receiveAll(connection, LENGTH);
                                    connection.write(ByteBuffer.wrap(new byte[] {1}));
                                });
                SocketChannel client =
                        tunnels.topology().client().connect(family, server.address())) {
            tunnels.joinSegments();
            try (PacketSocket seen =
                    PacketSocket.on(tunnels.topology().gatewayHost(), GreTunnels.WAN)) {
                new Content(1).send(client, LENGTH);
                client.shutdownOutput();
                assertEquals(1, client.read(ByteBuffer.allocate(2)));
                seen.await("one longer than the link", ip -> ip.length() > ETHERNET);
            }
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }
}
