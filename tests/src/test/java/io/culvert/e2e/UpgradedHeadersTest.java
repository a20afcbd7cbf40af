package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.culvert.hook.Reason;
import io.culvert.wire.IpPacket;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.util.HexFormat;

/** Of an upgraded flow the gateway is the destination, IPv6 extension headers included. */
@Timeout(60)
class UpgradedHeadersTest {
    private static final Family FAMILY = Family.IPV6;
    private static final int HOP_BY_HOP = 0;
    private static final int ROUTING = 43;
    private static final int DESTINATION_OPTIONS = 60;

    /** The transport header's number goes where {@code xx} is. */
    private static byte[] withExtension(byte[] packet, int header, String hex) {
        String next = "%02x".formatted(packet[6]);
        byte[] extension = HexFormat.of().parseHex(hex.replace(" ", "").replace("xx", next));
        byte[] extended = new byte[packet.length + extension.length];
        System.arraycopy(packet, 0, extended, 0, 40);
        System.arraycopy(extension, 0, extended, 40, extension.length);
        System.arraycopy(packet, 40, extended, 40 + extension.length, packet.length - 40);
        extended[6] = (byte) header;
        ByteBuffer.wrap(extended).putShort(4, (short) (extended.length - 40));
        return extended;
    }

    private static byte[] syn() {
        return new RawPacket(FAMILY.client(), FAMILY.server()).tcp(5000, 80, 1, 0, RawPacket.SYN);
    }

    private static byte[] datagram(int port) {
        return new RawPacket(FAMILY.client(), FAMILY.server()).udp(5000, port, new byte[3]);
    }

    /** The upper bits of the option's type: 10 drop and tell, 11 the same but not of multicast. */
    @ParameterizedTest
    @CsvSource({
        "60, xx 00 9e 04 00000000",
        "60, xx 00 de 04 00000000",
        "0, xx 00 be 04 00000000",
    })
    @Tag("rfc8200-4.2-b")
    void dropsWhatHasAnUnknownOptionThatSaysSoAndTellsOfIt(int header, String extension)
            throws Exception {
        try (Topology topology = Topology.open();
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            for (byte[] packet : new byte[][] {datagram(9), syn()}) {
                ramp.send(withExtension(packet, header, extension));

                IpPacket error = ramp.await("an error", UpgradedHeadersTest::isError);
                assertEquals(4, error.icmp().type());
                assertEquals(2, error.icmp().code());
                assertEquals(42, error.icmp().information(), "where the option is");
            }
            assertEquals(0, topology.gateway().flows());
            topology.everyPacketIsAccountedFor();
        }
    }

    /** The upper bits 01: drop and be silent. */
    @ParameterizedTest
    @ValueSource(ints = {HOP_BY_HOP, DESTINATION_OPTIONS})
    @Tag("rfc8200-4.2-b")
    void dropsWhatHasAnUnknownOptionThatSaysSoInSilence(int header) throws Exception {
        try (Topology topology = Topology.open();
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            ramp.send(withExtension(datagram(9), header, "xx 00 5e 04 00000000"));

            Eventually.equal(1L, "dropped", () -> topology.dropped(Reason.UNKNOWN_OPTION));
            topology.everyPacketIsAccountedFor();
        }
    }

    /** The upper bits 00: pass over it. */
    @ParameterizedTest
    @ValueSource(ints = {HOP_BY_HOP, DESTINATION_OPTIONS})
    @Tag("rfc8200-4.2-a")
    void passesOverAnUnknownOptionThatAllowsIt(int header) throws Exception {
        try (Topology topology = Topology.open();
                UdpEcho echo = UdpEcho.on(topology.server(), FAMILY, FAMILY.server());
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            int port = echo.address().getPort();
            ramp.send(withExtension(datagram(port), header, "xx 00 1e 04 00000000"));

            ramp.await("the echo", ip -> ip.udp() != null && ip.sourcePort() == port);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4, 253})
    @Tag("rfc8200-4.4-b")
    void dropsWhatARoutingHeaderSendsFurtherAndTellsOfIt(int type) throws Exception {
        String extension =
                "xx 02 %02x 01 00000000 20010db8000000000000000000000007".formatted(type);
        try (Topology topology = Topology.open();
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            for (byte[] packet : new byte[][] {datagram(9), syn()}) {
                ramp.send(withExtension(packet, ROUTING, extension));

                IpPacket error = ramp.await("an error", UpgradedHeadersTest::isError);
                assertEquals(4, error.icmp().type());
                assertEquals(0, error.icmp().code());
                assertEquals(42, error.icmp().information(), "where the type is");
            }
            assertEquals(0, topology.gateway().flows());
            topology.everyPacketIsAccountedFor();
        }
    }

    private static boolean isError(IpPacket ip) {
        return ip.icmp() != null && ip.icmp().isError();
    }
}
