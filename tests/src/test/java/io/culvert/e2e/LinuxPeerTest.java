package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.FlowListener;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpPacket;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Pattern;

/**
 * Linux itself at the other end: a stock kernel's tunnels, in a guest, made by the commands of
 * {@code docs/tunnels.md}.
 *
 * <pre>
 *   guest                                    gateway (this process)                       server
 *   culvert 10.1.0.2 fd00:1::2 .................
 *   eth0 203.0.113.2 2001:db8::2 -- wan 203.0.113.1 2001:db8::1   outside 10.2.0.1 -- 10.2.0.2
 * </pre>
 */
@Tag("abuse")
@Timeout(600)
class LinuxPeerTest {
    private static final Pattern BLOCK = Pattern.compile("(?s)\n```sh\n(.*?)```");
    private static final String WAN = "wan";
    private static final int LENGTH = 4_000_000;

    private static List<String> commands;
    private static Topology topology;
    private static LinuxGuest guest;

    /** Of the page, in its order. */
    private enum Block {
        GUE_4,
        GUE_6,
        GRE_4,
        GRE_6,
        ADDRESSES
    }

    /**
     * A tunnel of Linux's: one of the page, or one with other options.
     *
     * <p>The headers are what is on the cable around a datagram, to the gateway and from it, in
     * hexadecimal; T stands for the protocol inside, S and O for where the inner UDP header and its
     * checksum are, and a dot for any digit.
     */
    private enum Tunnel {
        GUE(Block.GUE_4, "", "", "00T0000", "00T0000"),
        GUE_IPIP(Block.GUE_4, "sit mode any", "ipip", "00T0000", "00T0000"),
        GUE_SIT(Block.GUE_4, "sit mode any", "sit", "00T0000", "00T0000"),
        GUE_CHECKSUM(Block.GUE_4, "6080", "6080 encap-csum", "00T0000", "00T0000"),
        GUE_REMOTE_CHECKSUM(
                Block.GUE_4,
                "6080",
                "6080 encap-csum encap-remcsum",
                "02T000180000000SO",
                "00T0000"),
        GUE_DIRECT(Block.GUE_4, "encap gue", "encap fou", "V", "00T0000"),
        GUE_OVER_IPV6(Block.GUE_6, "", "", "00T0000", "00T0000"),
        GUE_OVER_IPV6_WITHOUT_CHECKSUM(Block.GUE_6, "encap-udp6-csum", "", "00T0000", "00T0000"),
        GUE_OVER_IPV6_REMOTE_CHECKSUM(
                Block.GUE_6,
                "encap-udp6-csum",
                "encap-udp6-csum encap-remcsum",
                "02T000180000000SO",
                "00T0000"),
        GUE_OVER_IPV6_DIRECT(Block.GUE_6, "encap gue", "encap fou", "V", "00T0000"),
        GRE(Block.GRE_4, "key 42 csum", "", "0000E", "0000E"),
        GRE_KEY(Block.GRE_4, "key 42 csum", "key 41", "2000E00000029", "2000E00000029"),
        GRE_CHECKSUM(Block.GRE_4, "", "", "a000E....00000000002a", "a000E....00000000002a"),
        GRE_SEQUENCE(
                Block.GRE_4, "key 42 csum", "key 43 seq", "3000E0000002b0000", "3000E0000002b0000"),
        GRE_ALL(
                Block.GRE_4,
                "key 42",
                "seq key 44",
                "b000E....00000000002c0000",
                "b000E....00000000002c0000"),
        GRE_OVER_IPV6(Block.GRE_6, "key 42 csum", "", "0000E", "0000E"),
        GRE_OVER_IPV6_KEY(Block.GRE_6, "key 42 csum", "key 41", "2000E00000029", "2000E00000029"),
        GRE_OVER_IPV6_CHECKSUM(
                Block.GRE_6, "", "", "a000E....00000000002a", "a000E....00000000002a"),
        GRE_OVER_IPV6_SEQUENCE(
                Block.GRE_6, "key 42 csum", "key 43 seq", "3000E0000002b0000", "3000E0000002b0000"),
        GRE_OVER_IPV6_ALL(
                Block.GRE_6,
                "key 42",
                "seq key 44",
                "b000E....00000000002c0000",
                "b000E....00000000002c0000");

        private final Block block;
        private final String option;
        private final String otherOption;
        private final String there;
        private final String back;

        Tunnel(Block block, String option, String otherOption, String there, String back) {
            this.block = block;
            this.option = option;
            this.otherOption = otherOption;
            this.there = there;
            this.back = back;
        }

        private String commands() {
            String script = LinuxPeerTest.commands.get(block.ordinal());
            assertTrue(script.contains(option), script);
            // The first line may be of the port that GUE comes in by.
            int last = script.lastIndexOf("ip link add");
            return script.substring(0, last) + script.substring(last).replace(option, otherOption);
        }

        /** Linux's older types of tunnels are for one family each. */
        private boolean carries(Family inner) {
            return switch (this) {
                case GUE_IPIP -> !inner.isIpv6();
                case GUE_SIT -> inner.isIpv6();
                default -> true;
            };
        }

        private boolean isGre() {
            return block == Block.GRE_4 || block == Block.GRE_6;
        }

        private static Pattern pattern(String header, Family inner) {
            boolean ipv6 = inner.isIpv6();
            return Pattern.compile(
                    header.replace("T", ipv6 ? "29" : "04")
                            .replace("E", ipv6 ? "86dd" : "0800")
                            .replace("S", ipv6 ? "0028" : "0014")
                            .replace("O", ipv6 ? "002e" : "001a")
                            .replace("V", ipv6 ? "6" : "45"));
        }
    }

    @BeforeAll
    static void bootTheGuest() throws Exception {
        String page = Files.readString(CulvertProcess.top().resolve("docs/tunnels.md"));
        commands = BLOCK.matcher(page).results().map(block -> block.group(1)).toList();
        assertEquals(Block.values().length, commands.size(), "blocks of commands");

        topology = Topology.withoutGateway();
        Host host = topology.gatewayHost();
        guest = LinuxGuest.boot(host, WAN);
        host.address(WAN, Family.parse("203.0.113.1"), 24);
        host.address(WAN, Family.parse("2001:db8::1"), 64);
        guest.succeeds(
                """
                ip address add 203.0.113.2/24 dev %1$s
                ip address add 2001:db8::2/64 dev %1$s
                ip link set %1$s up
                """
                        .formatted(LinuxGuest.DEVICE));
        topology.start(onRamps() + Topology.UPGRADE_ALL, FlowListener.NONE);
    }

    private static String onRamps() {
        return """
        workers: 2
        onramps:
          - name: gue
            type: gue
            listen: ["203.0.113.1:6080", "[2001:db8::1]:6080"]
            zero-checksums: true
            peers: [{ from: 203.0.113.2, tenant: acme }, { from: "2001:db8::2", tenant: acme }]
          - name: gre4
            type: gre
            listen: 203.0.113.1
            peers: [%s]
          - name: gre6
            type: gre
            listen: "2001:db8::1"
            peers: [%s]
        """
                .formatted(grePeers("203.0.113.2"), grePeers("2001:db8::2"));
    }

    /** One for each kind of header. */
    private static String grePeers(String from) {
        return """
        { from: "%1$s", tenant: acme }, { from: "%1$s", key: 41, tenant: acme },
        { from: "%1$s", key: 42, checksum: true, tenant: acme },
        { from: "%1$s", key: 43, sequence: true, tenant: acme },
        { from: "%1$s", key: 44, checksum: true, sequence: true, tenant: acme },
        { from: "%1$s", key: 45, sequence: true, tenant: acme }\
        """
                .formatted(from);
    }

    @AfterAll
    static void stopTheGuest() throws Exception {
        if (guest != null) {
            guest.close();
        }
        if (topology != null) {
            topology.close();
        }
    }

    @ParameterizedTest
    @EnumSource
    void carriesPingsConnectionsAndDatagrams(Tunnel tunnel) throws Exception {
        try {
            open(tunnel.commands());
            for (Family inner : Family.values()) {
                if (tunnel.carries(inner)) {
                    pings(inner);
                    datagrams(tunnel, inner);
                    connections(inner);
                }
            }
        } finally {
            close();
        }
        topology.everyPacketIsAccountedFor();
    }

    /**
     * Linux numbers its packets from 0 again, as no end of a tunnel should, and goes on doing so.
     */
    @ParameterizedTest
    @EnumSource
    void goesOnWithANumberedTunnelThatWasMadeAgain(Family outer) throws Exception {
        Tunnel tunnel = outer.isIpv6() ? Tunnel.GRE_OVER_IPV6_SEQUENCE : Tunnel.GRE_SEQUENCE;
        String commands = tunnel.commands().replace("key 43", "key 45");
        try {
            open(commands);
            pings(Family.IPV4);
            close();
            open(commands);
            Eventually.holds(
                    "pings",
                    Duration.ofMinutes(2),
                    () -> guest.run("ping -c 1 -W 1 10.2.0.2").status() == 0);
            pings(Family.IPV6);
        } finally {
            close();
        }
        topology.everyPacketIsAccountedFor();
    }

    private static void open(String tunnel) throws Exception {
        guest.succeeds(tunnel + commands.get(Block.ADDRESSES.ordinal()));
    }

    /** Whichever it was, and whether or not it was made. */
    private static void close() throws Exception {
        guest.run("ip link del culvert; ip fou del port 6080; ip -6 fou del port 6080");
    }

    /** The longer ones are more than the tunnel takes, and are fragments inside. */
    private static void pings(Family inner) throws Exception {
        for (int size : new int[] {56, 3_000}) {
            List<String> said =
                    guest.succeeds(
                            "ping -c 3 -i 0.2 -W 20 -s %d %s"
                                    .formatted(size, inner.server().getHostAddress()));
            assertTrue(
                    said.stream().anyMatch(line -> line.contains(" 0% packet loss")),
                    said::toString);
        }
    }

    private static void datagrams(Tunnel tunnel, Family inner) throws Exception {
        try (UdpEcho echo = UdpEcho.on(topology.server(), inner, inner.server());
                PacketSocket there = PacketSocket.on(topology.gatewayHost(), WAN);
                PacketSocket back = PacketSocket.on(topology.gatewayHost(), WAN)) {
            for (int size : new int[] {1, 1_200, 4_000}) {
                List<String> said =
                        guest.succeeds(
                                """
                                dd if=/dev/urandom of=/tmp/sent bs=%1$d count=1 2>/dev/null
                                exec 3<>/dev/udp/%2$s
                                dd if=/tmp/sent bs=%1$d count=1 >&3 2>/dev/null
                                timeout 60 dd of=/tmp/back bs=%1$d count=1 <&3 2>/dev/null
                                cmp /tmp/sent /tmp/back && wc -c </tmp/back
                                """
                                        .formatted(size, place(echo.address())));
                assertEquals(List.of(Integer.toString(size)), said);
                if (size == 1) {
                    awaitHeader(there, tunnel, tunnel.there, "203.0.113.2", "2001:db8::2", inner);
                    awaitHeader(back, tunnel, tunnel.back, "203.0.113.1", "2001:db8::1", inner);
                }
            }
        }
    }

    /** Waits for a packet from there whose tunnel's header is as it should be. */
    private static void awaitHeader(
            PacketSocket cable,
            Tunnel tunnel,
            String header,
            String ipv4,
            String ipv6,
            Family inner)
            throws Exception {
        boolean overIpv6 = tunnel.block == Block.GUE_6 || tunnel.block == Block.GRE_6;
        InetAddress source = Family.parse(overIpv6 ? ipv6 : ipv4);
        Pattern pattern = Tunnel.pattern(header, inner);
        cable.await(
                pattern + " from " + source.getHostAddress(),
                ip ->
                        isFrom(ip, source)
                                && pattern.matcher(header(ip, tunnel.isGre())).lookingAt());
    }

    private static boolean isFrom(IpPacket ip, InetAddress source) {
        IpAddress address = IpAddress.of(source);
        return address.high() == ip.sourceHigh() && address.low() == ip.sourceLow();
    }

    /** What follows the outer IP header and, for GUE, that of UDP, in hexadecimal. */
    private static String header(IpPacket ip, boolean gre) {
        byte[] bytes = new byte[ip.length()];
        ip.bytes().get(ip.start(), bytes);
        int at = bytes[0] >> 4 == 4 ? 20 : 40;
        int protocol = bytes[0] >> 4 == 4 ? bytes[9] : bytes[6];
        if (at == 40 && protocol == 60) {
            // RFC 2473 section 4.1.1: a destination option of 8 bytes, how deep tunnels may go.
            protocol = bytes[at];
            at += 8;
        }
        if (protocol != (gre ? 47 : 17)) {
            return "";
        }
        return HexFormat.of().formatHex(bytes).substring(2 * (gre ? at : at + 8));
    }

    /** There and back again. */
    private static void connections(Family inner) throws Exception {
        CountDownLatch received = new CountDownLatch(1);
        try (TcpServer down =
                        TcpServer.on(
                                topology.server(),
                                inner,
                                connection -> new Content(1).send(connection, LENGTH));
                TcpServer up =
                        TcpServer.on(
                                topology.server(),
                                inner,
                                connection -> {
                                    new Content(1).receiveAll(connection, LENGTH);
                                    received.countDown();
                                })) {
            List<String> said =
                    guest.succeeds(
                            """
                            cat </dev/tcp/%s >/tmp/content
                            sha256sum </tmp/content
                            cat /tmp/content >/dev/tcp/%s
                            """
                                    .formatted(place(down.address()), place(up.address())));
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(new Content(1).bytes(LENGTH));
            assertEquals(List.of(HexFormat.of().formatHex(hash) + "  -"), said);
            Eventually.holds(
                    "it is all there, or wrong",
                    () -> received.getCount() == 0 || !up.failures().isEmpty());
            assertEquals(List.of(), up.failures());
            assertEquals(List.of(), down.failures());
        }
    }

    /** As bash names it. */
    private static String place(InetSocketAddress address) {
        return address.getAddress().getHostAddress() + "/" + address.getPort();
    }
}
