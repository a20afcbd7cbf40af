package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.corpus.CorpusPacket;
import io.culvert.flow.FlowListener;
import io.culvert.flow.PacketCounters;
import io.culvert.fuzz.PlainPacket;
import io.culvert.gateway.control.GatewayStatus;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A gateway with two tunnels of one tenant and an off-ramp, all of whose devices are watched while
 * packets that nobody made are put into one or more of them. Whatever address is on a packet, it
 * meets nothing but these namespaces.
 *
 * <pre>
 *   west  10.1.0.2 fd00:1::2   MTU 65,535
 *   east  10.6.0.2 fd00:6::2   MTU 1400
 *   culv-lan                   off-ramp, on the gateway's host
 * </pre>
 */
final class Replay implements AutoCloseable {
    static final String WEST = "west";
    static final String EAST = "east";
    static final String OFF_RAMP = Topology.offRamp("");

    private static final String EVERYTHING = "[0.0.0.0/0, \"::/0\"]";

    /** As many as a socket of ordinary size has room for what comes out of. */
    private static final int BATCH = 32;

    private static final int LONG = 1_400;

    private final Topology topology;
    private final Host east;
    private final LoggedErrors errors = new LoggedErrors();
    private final Map<Host, Capture> captures = new HashMap<>();
    private final Map<Host, Long> sentBefore = new HashMap<>();
    private final Map<Host, PacketSocket> sockets = new HashMap<>();
    private GatewayStatus before;
    private int sent;
    private int wrongTransportChecksumsSent;

    private Replay(Topology topology) throws IOException {
        this.topology = topology;
        east = topology.addClient("east");
    }

    /**
     * A gateway that is ready.
     *
     * @param everywhere the tunnel that every address lies behind; none where it is empty
     * @param settings off-ramps and policy
     */
    static Replay open(String everywhere, String settings) throws Exception {
        Topology topology = Topology.withoutGateway();
        try {
            Replay replay = new Replay(topology);
            topology.routeOffRamp();
            // One worker, so that packets are handled in the order in which they are sent.
            topology.start(replay.onRamps(everywhere) + settings, FlowListener.NONE);
            replay.watch(settings.contains("offramps"));
            return replay;
        } catch (IOException | RuntimeException e) {
            topology.close();
            throw e;
        }
    }

    private String onRamps(String everywhere) {
        String west = "[10.1.0.0/24, \"fd00:1::/64\"]";
        String narrow = "[10.6.0.0/24, \"fd00:6::/64\"]";
        return "workers: 1\nonramps:\n"
                + onRamp(
                        WEST,
                        west(),
                        65_535,
                        "10.1.0.2/24, \"fd00:1::2/64\"",
                        everywhere.equals(WEST) ? EVERYTHING : west)
                + onRamp(
                        EAST,
                        east,
                        1_400,
                        "10.6.0.2/24, \"fd00:6::2/64\"",
                        everywhere.equals(EAST) ? EVERYTHING : narrow);
    }

    private static String onRamp(String name, Host host, int mtu, String addresses, String routes) {
        return """
          - name: %s
            type: tun
            tenant: acme
            device: %s
            netns: %s
            mtu: %d
            addresses: [%s]
            routes: %s
        """
                .formatted(name, Topology.DEVICE, host.path(), mtu, addresses, routes);
    }

    private void watch(boolean offRamp) throws IOException {
        watch(west(), Topology.DEVICE);
        watch(east, Topology.DEVICE);
        if (offRamp) watch(lan(), Topology.OFF_RAMP);
        before = topology.status();
    }

    private void watch(Host host, String device) throws IOException {
        captures.put(host, Capture.on(host, device));
        sockets.put(host, PacketSocket.on(host, device));
        sentBefore.put(host, host.packetsSent(device));
        // For packets of any length to be put in, wherever the gateway takes them on.
        host.mtu(device, 65_535);
    }

    Topology topology() {
        return topology;
    }

    Host west() {
        return topology.client();
    }

    Host east() {
        return east;
    }

    /** The gateway's host, where the off-ramp's device is. */
    Host lan() {
        return topology.gatewayHost();
    }

    /** Puts every packet of the corpus into a device. */
    void sendCorpus(Host into) throws Exception {
        for (CorpusPacket packet : CorpusPacket.all()) {
            if (packet.length() > 0 && packet.length() <= 65_535) {
                send(into, bytes(packet));
                if (sent % BATCH == 0 || packet.length() > LONG)
                    awaitReceived(before.received() + sent);
            }
        }
        assertTrue(sent > 7_000, "of a corpus with only " + sent);
    }

    static byte[] bytes(CorpusPacket packet) {
        byte[] bytes = new byte[packet.length()];
        packet.bytes().get(0, bytes);
        return bytes;
    }

    void send(Host into, byte[] packet) throws IOException {
        sockets.get(into).send(packet);
        sent++;
        PlainPacket plain = PlainPacket.of(packet);
        boolean whole = plain.defects().isEmpty() && !plain.isFragment();
        if (whole && !plain.transportChecksumRight()) wrongTransportChecksumsSent++;
    }

    /** The same, and waits until it is known what became of it. */
    void sendAndAwait(Host into, byte[] packet) throws Exception {
        long all = received() + 1;
        send(into, packet);
        awaitReceived(all);
    }

    /** What has come out of a device since the last call. */
    List<Capture.Captured> next(Host from) {
        return captures.get(from).next();
    }

    private void awaitReceived(long all) throws Exception {
        Eventually.holds(
                "received and accounted for, of " + sent,
                () -> {
                    captures.values().forEach(Capture::drain);
                    return received() >= all && isAccountedFor(topology.status());
                });
        captures.values().forEach(Capture::drain);
    }

    private long received() {
        long received = 0;
        for (PacketCounters counters : topology.gateway().counters()) {
            received += counters.receivedCount();
        }
        return received;
    }

    private static boolean isAccountedFor(GatewayStatus status) {
        long dropped = status.dropped().values().stream().mapToLong(Long::longValue).sum();
        return status.received() == status.carried() + status.answered() + dropped + status.held();
    }

    /**
     * That every packet put into the devices was received, and carried, answered, dropped for a
     * reason or held; that all that came out is whole; that nothing was thrown.
     *
     * @return how many packets came out of each device
     */
    Map<Host, Integer> assertSound() throws Exception {
        Eventually.holds(
                "as many packets received as were sent: " + topology.status(),
                () -> topology.status().received() - before.received() == sentByDevices());
        topology.everyPacketIsAccountedFor();
        Map<String, String> complaints = new TreeMap<>();
        Map<Host, Integer> out = new HashMap<>();
        Soundness soundness = new Soundness();
        for (Map.Entry<Host, Capture> each : captures.entrySet()) {
            List<Capture.Captured> packets = each.getValue().all();
            packets.forEach(packet -> soundness.inspect("" + each.getKey(), packet, complaints));
            out.put(each.getKey(), packets.size());
        }
        assertEquals(Map.of(), complaints);
        assertEquals(List.of(), errors.lines());
        assertTrue(soundness.undecoded() < 100, "not decoded: " + soundness.undecoded());
        // What came in wrong leaves wrong, and nothing else does.
        int wrong = soundness.wrongTransportChecksums();
        assertTrue(wrong <= wrongTransportChecksumsSent, "checksums made wrong: " + wrong);
        return out;
    }

    /** Those of the hosts themselves among them, which ask for routers. */
    private long sentByDevices() throws IOException {
        long all = 0;
        for (Map.Entry<Host, Long> each : sentBefore.entrySet()) {
            Host host = each.getKey();
            String device = host == lan() ? Topology.OFF_RAMP : Topology.DEVICE;
            all += host.packetsSent(device) - each.getValue();
        }
        return all;
    }

    @Override
    public void close() throws IOException {
        captures.values().forEach(Capture::close);
        sockets.values().forEach(PacketSocket::close);
        errors.close();
        topology.close();
    }
}
