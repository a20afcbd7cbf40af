package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/**
 * Two of one side that talk by their outside addresses: RFC 4787 REQ-9, RFC 5382 REQ-8. The kernel
 * masquerades what leaves by a device, and these packets never do, so that it is no measure here.
 */
@Tag("abuse")
@Timeout(60)
class HairpinOracleTest {
    private static final String ANYBODY = "filtering: endpoint-independent";
    private static final byte[] HELLO = "hello".getBytes(StandardCharsets.US_ASCII);

    @ParameterizedTest
    @EnumSource
    void culvertTurnsTcpBackUnderOutsideAddresses(Family family) throws Exception {
        try (Crossing crossing = Crossing.of(Translator.CULVERT, 1500, ANYBODY);
                MappedPort mapped = MappedPort.of(crossing, family);
                ServerSocketChannel listener =
                        crossing.client()
                                .listen(family, family.client(), mapped.inside().getPort());
                SocketChannel one = crossing.client().connect(family, mapped.outside());
                SocketChannel other = listener.accept()) {
            InetSocketAddress peer = (InetSocketAddress) other.getRemoteAddress();
            assertEquals(family.offRamp(), peer.getAddress());
            one.write(ByteBuffer.wrap(HELLO));
            one.shutdownOutput();

            ByteBuffer heard = ByteBuffer.allocate(100);
            while (other.read(heard) >= 0) {
                // More is to come.
            }
            assertEquals(ByteBuffer.wrap(HELLO), heard.flip());
            crossing.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void culvertTurnsUdpBackUnderOutsideAddresses(Family family) throws Exception {
        InetAddress server = Crossing.server(family);
        try (Crossing crossing = Crossing.of(Translator.CULVERT, 1500, ANYBODY);
                DatagramChannel stranger = crossing.server().udp(family, server, 0);
                DatagramChannel one = crossing.client().udp(family, null, 0);
                DatagramChannel other = crossing.client().udp(family, null, 0)) {
            InetSocketAddress ofOne = mapped(one, stranger);
            InetSocketAddress ofOther = mapped(other, stranger);

            ByteBuffer heard = ByteBuffer.allocate(100);
            one.send(ByteBuffer.wrap(HELLO), ofOther);
            assertEquals(ofOne, other.receive(heard));
            assertEquals(ByteBuffer.wrap(HELLO), heard.flip());
            other.send(ByteBuffer.wrap(HELLO), ofOne);
            assertEquals(ofOther, one.receive(heard.clear()));
            crossing.everyPacketIsAccountedFor();
        }
    }

    private static InetSocketAddress mapped(DatagramChannel client, DatagramChannel server)
            throws IOException {
        client.send(ByteBuffer.wrap(HELLO), server.getLocalAddress());
        return (InetSocketAddress) server.receive(ByteBuffer.allocate(100));
    }
}
