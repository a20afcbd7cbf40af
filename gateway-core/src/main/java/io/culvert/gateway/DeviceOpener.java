package io.culvert.gateway;

import io.culvert.gateway.capture.Capture;
import io.culvert.gateway.config.OffRamp;
import io.culvert.gateway.config.OnRamp;
import io.culvert.gateway.forward.DeviceOffRamp;
import io.culvert.gateway.share.SharedAddresses;
import io.culvert.linux.LinkAddress;
import io.culvert.nat.MappingSettings;
import io.culvert.nat.MappingTable;
import io.culvert.nat.PortBlockListener;
import io.culvert.tun.NetworkNamespace;
import io.culvert.tun.Offload;
import io.culvert.tun.TunDevice;
import io.culvert.tun.TunSettings;
import io.culvert.wire.IpAddress;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.security.SecureRandom;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Makes the devices of on-ramps and off-ramps, or attaches to them.
 *
 * <p>Threading: one thread, in the gateway's network namespace.
 */
final class DeviceOpener {
    private static final Logger LOG = LoggerFactory.getLogger(DeviceOpener.class);

    private final Workers workers;
    private final Gateway.Surroundings surroundings;
    private final Set<Offload> offloads;
    private final Routing routing;
    private int offRamps;
    private int opened;

    DeviceOpener(
            Workers workers,
            Gateway.Surroundings surroundings,
            Set<Offload> offloads,
            Routing routing) {
        this.workers = workers;
        this.surroundings = surroundings;
        this.offloads = offloads;
        this.routing = routing;
    }

    /**
     * The on-ramp with its device.
     *
     * @throws IOException with a sentence for the operator; then nothing is left behind
     */
    TunOnRamp open(OnRamp.Tun tun) throws IOException {
        TunOnRamp.Place place = placeOf(tun);
        return place.in(namespace -> open(namespace, tun, place));
    }

    private TunOnRamp.Place placeOf(OnRamp.Tun tun) {
        NetworkNamespace given = surroundings.namespaces().get(tun.name());
        return given != null
                ? new TunOnRamp.Place() {
                    @Override
                    public <T> T in(TunOnRamp.NetworkNamespaceTask<T> task) throws IOException {
                        return task.run(given);
                    }
                }
                : new TunOnRamp.Place() {
                    @Override
                    public <T> T in(TunOnRamp.NetworkNamespaceTask<T> task) throws IOException {
                        try (NetworkNamespace namespace =
                                tun.netns().isPresent()
                                        ? NetworkNamespace.named(tun.netns().get())
                                        : NetworkNamespace.current("culvert-" + tun.name())) {
                            return task.run(namespace);
                        }
                    }
                };
    }

    private TunOnRamp open(NetworkNamespace namespace, OnRamp.Tun tun, TunOnRamp.Place place)
            throws IOException {
        LinkAddress[] addresses =
                tun.addresses().stream().map(TunOnRamp::linkAddress).toArray(LinkAddress[]::new);
        int mtu = Capture.mtu(namespace, tun.capture(), tun.mtu());
        TunDevice device =
                TunDevice.open(namespace, settings(tun.device(), mtu).withAddresses(addresses));
        try {
            Capture capture = capture(namespace, tun, device);
            DeviceQueues queues = new DeviceQueues(device, opened++, workers.size());
            return new TunOnRamp(tun, queues, capture, place, routing, workers);
        } catch (IOException | RuntimeException e) {
            device.close();
            throw e;
        }
    }

    private static Capture capture(NetworkNamespace namespace, OnRamp.Tun tun, TunDevice device)
            throws IOException {
        try {
            // What the host itself answers on the way (a time to live that has run out behind an
            // off-ramp) comes back from its own address.
            namespace.sysctl("net/ipv4/conf/" + device.name() + "/accept_local", "1");
        } catch (IOException e) {
            LOG.debug("Answers of this host itself do not reach {}", device.name(), e);
        }
        if (tun.capture().isEmpty()) {
            Capture.removeLeftBehind(namespace, device);
            return null;
        }
        return Capture.start(namespace, tun.name(), device, tun.capture(), tun.hasIpv6());
    }

    private TunSettings settings(String device, int mtu) {
        return TunSettings.named(device)
                .withQueues(Math.min(workers.size(), TunSettings.MOST_QUEUES))
                .withMtu(mtu)
                .withOffloads(offloads);
    }

    /**
     * The off-ramp with its device, and what the host has to do for it.
     *
     * @param others the device off-ramps that there are
     * @throws IOException with a sentence for the operator; then nothing is left behind
     */
    LiveOffRamp open(OffRamp.Device offRamp, Collection<LiveOffRamp> others) throws IOException {
        try (NetworkNamespace namespace = NetworkNamespace.current("culvert-" + offRamp.name())) {
            TunDevice device = TunDevice.open(namespace, settings(offRamp.device(), offRamp.mtu()));
            try {
                return open(namespace, offRamp, device, others);
            } catch (IOException | RuntimeException e) {
                device.close();
                throw e;
            }
        }
    }

    private LiveOffRamp open(
            NetworkNamespace namespace,
            OffRamp.Device offRamp,
            TunDevice device,
            Collection<LiveOffRamp> others)
            throws IOException {
        MappingSettings mappings = offRamp.mappings();
        SharedAddresses shared =
                SharedAddresses.take(
                        NetworkNamespace.current("culvert-" + offRamp.device()),
                        mappings.addresses(),
                        offRamp.portsGiven() ? Optional.of(mappings.ports()) : Optional.empty(),
                        device,
                        who(offRamp));
        try {
            Map<IpAddress, IpAddress> standIns = shared.standIns();
            refuseSharing(offRamp, standIns.keySet(), others);
            HostRoutes.lead(namespace, mappings.addresses(), standIns.keySet(), device);
            offRamps++;
            DeviceOffRamp ramp =
                    new DeviceOffRamp(
                            offRamp.name(),
                            -offRamps,
                            new MappingTable(
                                    mappings.withStandIns(standIns),
                                    PortBlockListener.NONE,
                                    new SecureRandom()));
            DeviceQueues queues = new DeviceQueues(device, opened++, workers.size());
            return new LiveOffRamp(offRamp, queues, shared, ramp, workers);
        } catch (IOException | RuntimeException e) {
            shared.close();
            throw e;
        }
    }

    private static String who(OffRamp.Device offRamp) {
        return "off-ramp %s (line %d)".formatted(offRamp.name(), offRamp.line());
    }

    private static void refuseSharing(
            OffRamp.Device offRamp, Set<IpAddress> hosts, Collection<LiveOffRamp> others)
            throws IOException {
        for (IpAddress address : offRamp.mappings().addresses()) {
            boolean taken =
                    others.stream()
                            .map(other -> other.settings().mappings().addresses())
                            .anyMatch(addresses -> addresses.contains(address));
            if (taken && !hosts.contains(address)) {
                throw new IOException(
                        "%s: %s is not an address of this host, so only one off-ramp can have it"
                                .formatted(who(offRamp), address));
            }
        }
    }
}
