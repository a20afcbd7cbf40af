package io.culvert.e2e;

import io.culvert.flow.FlowListener;
import io.culvert.gateway.tunnel.TunnelClient;
import io.culvert.linux.LinkAddress;
import io.culvert.tun.Offload;
import io.culvert.tun.TunDevice;
import io.culvert.tun.TunSettings;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * A gateway with an on-ramp of type {@code seqpacket}, and hosts whose default route is a device
 * that a {@link TunnelClient} joins to it.
 */
final class SeqpacketTunnels implements AutoCloseable {
    private final Topology topology;
    private final Path path;
    private final String yaml;
    private final List<TunDevice> devices = new ArrayList<>();

    private SeqpacketTunnels(Topology topology, Path path, String yaml) {
        this.topology = topology;
        this.path = path;
        this.yaml = yaml;
    }

    /**
     * @param directory for the socket
     * @param onRamp further settings of the on-ramp
     * @param settings the rest of the configuration
     */
    static SeqpacketTunnels open(Path directory, String onRamp, String settings)
            throws IOException {
        return open(directory, onRamp, settings, FlowListener.NONE);
    }

    static SeqpacketTunnels open(
            Path directory, String onRamp, String settings, FlowListener listener)
            throws IOException {
        Topology topology = Topology.withoutGateway();
        Path path = directory.resolve("tunnels.sock");
        String yaml = yaml(path, onRamp, settings);
        try {
            topology.start(yaml, listener);
            return new SeqpacketTunnels(topology, path, yaml);
        } catch (IOException | RuntimeException e) {
            topology.close();
            throw e;
        }
    }

    private static String yaml(Path path, String onRamp, String settings) {
        return "onramps: [{ name: warp, type: seqpacket, path: %s%s }]\n".formatted(path, onRamp)
                + settings;
    }

    /** Changes the running gateway's configuration; the parameters are those of {@link #open}. */
    void apply(String onRamp, String settings) throws IOException {
        int unused =
                topology.gateway()
                        .apply(Topology.configuration(yaml(path, onRamp, settings)), false);
    }

    /** Ends the gateway and starts another in its place. */
    void restart() throws IOException {
        topology.gateway().close();
        topology.start(yaml, FlowListener.NONE);
    }

    Topology topology() {
        return topology;
    }

    /** The on-ramp's socket. */
    Path path() {
        return path;
    }

    /** Makes the device of a host, with the client's addresses or a branch's. */
    TunDevice device(Host host, boolean branch) throws IOException {
        LinkAddress[] addresses = new LinkAddress[2];
        for (Family family : Family.values()) {
            addresses[family.ordinal()] =
                    new LinkAddress(
                            branch ? family.branch() : family.client(), family.prefixLength());
        }
        TunDevice device =
                TunDevice.open(
                        host.namespace(),
                        TunSettings.named(Topology.DEVICE)
                                .withMtu(1500)
                                .withOffloads(Set.of(Offload.values()))
                                .withAddresses(addresses));
        devices.add(device);
        for (Family family : Family.values()) {
            host.defaultRoute(family, Topology.DEVICE);
        }
        return device;
    }

    /** Joins a device to the on-ramp, and waits until packets can flow. */
    TunnelClient connect(TunDevice device, String context) throws Exception {
        int before = topology.gateway().tunnels();
        TunnelClient client = TunnelClient.connect(path, context, device.queues().getFirst());
        Eventually.equal(before + 1, "connected", topology.gateway()::tunnels);
        return client;
    }

    @Override
    public void close() throws IOException {
        devices.forEach(TunDevice::close);
        topology.close();
    }
}
