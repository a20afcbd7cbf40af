package io.culvert.gateway;

import io.culvert.gateway.capture.Capture;
import io.culvert.gateway.config.InterfaceAddress;
import io.culvert.gateway.config.OffRamp;
import io.culvert.gateway.config.OnRamp;
import io.culvert.gateway.forward.DeviceOffRamp;
import io.culvert.gateway.forward.DevicePort;
import io.culvert.gateway.forward.Port;
import io.culvert.gateway.forward.TunnelPorts;
import io.culvert.gateway.policy.AddressSet;
import io.culvert.gateway.share.SharedAddresses;
import io.culvert.linux.LinkAddress;
import io.culvert.nat.MappingSettings;
import io.culvert.nat.MappingTable;
import io.culvert.nat.PortBlockListener;
import io.culvert.tun.NetworkNamespace;
import io.culvert.tun.Offload;
import io.culvert.tun.TunDevice;
import io.culvert.tun.TunQueue;
import io.culvert.tun.TunSettings;
import io.culvert.wire.IpAddress;
import io.culvert.wire.Prefix;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntFunction;

/** Makes the devices of on-ramps and off-ramps, or attaches to them. */
final class DeviceOpener {
    private static final Logger LOG = LoggerFactory.getLogger(DeviceOpener.class);

    private final int workers;
    private final Gateway.Surroundings surroundings;
    private final Set<Offload> offloads;
    private final List<AutoCloseable> resources;
    private final Set<IpAddress> routed = new HashSet<>();
    private int offRamps;
    private int opened;

    /**
     * A device whose queues are workers' ports. One that was there before may have fewer queues
     * than there are workers, and then some workers send by another's.
     *
     * @param ports by the worker's index
     * @param first the index of the worker whose queue is the first
     */
    record Opened(TunDevice device, IntFunction<Port> ports, int first, int workers) {
        /** Whether that worker has a queue to itself. */
        boolean isOwn(int worker) {
            return Math.floorMod(worker - first, workers) < device.queues().size();
        }
    }

    /**
     * @param resources where each device is put, to be closed
     */
    DeviceOpener(
            int workers,
            Gateway.Surroundings surroundings,
            Set<Offload> offloads,
            List<AutoCloseable> resources) {
        this.workers = workers;
        this.surroundings = surroundings;
        this.offloads = offloads;
        this.resources = resources;
    }

    /** The device of an on-ramp, with the routes into it. */
    Opened open(OnRamp.Tun tun, Routing routing) throws IOException {
        LinkAddress[] addresses =
                tun.addresses().stream().map(DeviceOpener::linkAddress).toArray(LinkAddress[]::new);
        NetworkNamespace given = surroundings.namespaces().get(tun.name());
        TunDevice device;
        if (given != null) {
            device = open(given, tun, addresses);
        } else {
            try (NetworkNamespace namespace =
                    tun.netns().isPresent()
                            ? NetworkNamespace.named(tun.netns().get())
                            : NetworkNamespace.current("culvert-" + tun.name())) {
                device = open(namespace, tun, addresses);
            }
        }
        int first = opened++;
        TunnelPorts ports =
                new TunnelPorts(
                        tun.name(),
                        routing.tenants().named(tun.tenant()),
                        sources(tun),
                        queues(device, first));
        routing.routes().add(ports, tun.routes());
        return new Opened(device, ports::of, first, workers);
    }

    /** The queue of each worker. */
    private List<TunQueue> queues(TunDevice device, int first) {
        List<TunQueue> queues = device.queues();
        List<TunQueue> byWorker = new ArrayList<>();
        for (int worker = 0; worker < workers; worker++) {
            int index = Math.floorMod(worker - first, workers);
            byWorker.add(queues.get(index < queues.size() ? index : 0));
        }
        return byWorker;
    }

    private TunDevice open(NetworkNamespace namespace, OnRamp.Tun tun, LinkAddress... addresses)
            throws IOException {
        int mtu = Capture.mtu(namespace, tun.capture(), tun.mtu());
        TunDevice device =
                TunDevice.open(namespace, settings(tun.device(), mtu).withAddresses(addresses));
        resources.add(device);
        try {
            // What the host itself answers on the way (a time to live that has run out behind an
            // off-ramp) comes back from its own address.
            namespace.sysctl("net/ipv4/conf/" + device.name() + "/accept_local", "1");
        } catch (IOException e) {
            LOG.debug("Answers of this host itself do not reach {}", device.name(), e);
        }
        if (tun.capture().isEmpty()) {
            Capture.removeLeftBehind(namespace, device);
        } else {
            resources.add(
                    Capture.start(namespace, tun.name(), device, tun.capture(), tun.hasIpv6()));
        }
        return device;
    }

    private TunSettings settings(String device, int mtu) {
        return TunSettings.named(device)
                .withQueues(Math.min(workers, TunSettings.MOST_QUEUES))
                .withMtu(mtu)
                .withOffloads(offloads);
    }

    private static LinkAddress linkAddress(InterfaceAddress address) {
        return new LinkAddress(address.address().toInetAddress(), address.length());
    }

    /** The addresses that packets may come from. */
    static AddressSet sources(OnRamp.Tun tun) {
        List<Prefix> prefixes = new ArrayList<>();
        if (tun.strictSource()) {
            prefixes.addAll(tun.routes());
            tun.addresses().forEach(address -> prefixes.add(address.network()));
        }
        return new AddressSet(prefixes);
    }

    /** The device of an off-ramp, with what the host has to do for it. */
    Opened open(OffRamp.Device offRamp) throws IOException {
        TunDevice device;
        Map<IpAddress, IpAddress> standIns;
        try (NetworkNamespace namespace = NetworkNamespace.current("culvert-" + offRamp.name())) {
            device = TunDevice.open(namespace, settings(offRamp.device(), offRamp.mtu()));
            resources.add(device);
            standIns = standIns(offRamp, device);
            HostRoutes.lead(namespace, offRamp.mappings().addresses(), standIns.keySet(), device);
        }
        offRamps++;
        DeviceOffRamp ramp =
                new DeviceOffRamp(
                        offRamp.name(),
                        -offRamps,
                        new MappingTable(
                                offRamp.mappings().withStandIns(standIns),
                                PortBlockListener.NONE,
                                new SecureRandom()));
        int first = opened++;
        List<DevicePort> ports =
                queues(device, first).stream().map(queue -> new DevicePort(ramp, queue)).toList();
        return new Opened(device, ports::get, first, workers);
    }

    /** Takes ports of those addresses that are the host's own. */
    private Map<IpAddress, IpAddress> standIns(OffRamp.Device offRamp, TunDevice device)
            throws IOException {
        MappingSettings mappings = offRamp.mappings();
        String who = "off-ramp %s (line %d)".formatted(offRamp.name(), offRamp.line());
        SharedAddresses shared =
                SharedAddresses.take(
                        NetworkNamespace.current("culvert-" + offRamp.device()),
                        mappings.addresses(),
                        offRamp.portsGiven() ? Optional.of(mappings.ports()) : Optional.empty(),
                        device,
                        who);
        // Closed before the device, to which its connections would otherwise lead no more.
        resources.add(shared);
        Map<IpAddress, IpAddress> standIns = shared.standIns();
        for (IpAddress address : mappings.addresses()) {
            if (!standIns.containsKey(address) && !routed.add(address)) {
                throw new IOException(
                        "%s: %s is not an address of this host, so only one off-ramp can have it"
                                .formatted(who, address));
            }
        }
        return standIns;
    }
}
