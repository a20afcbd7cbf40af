package io.culvert.gateway;

import io.culvert.gateway.capture.Capture;
import io.culvert.gateway.config.InterfaceAddress;
import io.culvert.gateway.config.OnRamp;
import io.culvert.gateway.config.Replacement;
import io.culvert.gateway.forward.TunnelPorts;
import io.culvert.gateway.policy.AddressSet;
import io.culvert.hook.Reason;
import io.culvert.linux.LinkAddress;
import io.culvert.tun.NetworkNamespace;
import io.culvert.tun.PacketDevice;
import io.culvert.tun.TunDevice;
import io.culvert.wire.Prefix;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** An on-ramp whose packets come out of a TUN device: one tunnel, there from the start. */
final class TunOnRamp implements LiveOnRamp {
    private static final Logger LOG = LoggerFactory.getLogger(TunOnRamp.class);

    private final DeviceQueues queues;
    private final Place place;
    private final Routing routing;
    private final Workers workers;
    private OnRamp.Tun settings;
    private TunnelPorts ports;

    /** Null where nothing is captured. */
    private Capture capture;

    /** How to come to the namespace that the device is in. */
    @FunctionalInterface
    interface Place {
        <T> T in(NetworkNamespaceTask<T> task) throws IOException;
    }

    /** Something to be done with a namespace, which stays its owner's. */
    @FunctionalInterface
    interface NetworkNamespaceTask<T> {
        T run(NetworkNamespace namespace) throws IOException;
    }

    /**
     * @param queues of its device, which is closed with this
     * @param capture closed with this; may be {@code null}
     */
    TunOnRamp(
            OnRamp.Tun settings,
            DeviceQueues queues,
            Capture capture,
            Place place,
            Routing routing,
            Workers workers) {
        this.settings = settings;
        this.queues = queues;
        this.capture = capture;
        this.place = place;
        this.routing = routing;
        this.workers = workers;
        ports = ports(settings);
    }

    private TunnelPorts ports(OnRamp.Tun of) {
        return new TunnelPorts(
                of.name(), routing.tenants().named(of.tenant()), sources(of), queues.byWorker());
    }

    static AddressSet sources(OnRamp.Tun tun) {
        List<Prefix> prefixes = new ArrayList<>();
        if (tun.strictSource()) {
            prefixes.addAll(tun.routes());
            tun.addresses().forEach(address -> prefixes.add(address.network()));
        }
        return new AddressSet(prefixes);
    }

    static LinkAddress linkAddress(InterfaceAddress address) {
        return new LinkAddress(address.address().toInetAddress(), address.length());
    }

    TunDevice device() {
        return queues.device();
    }

    @Override
    public OnRamp.Tun settings() {
        return settings;
    }

    @Override
    public void lead() {
        routing.routes().add(ports, settings.routes());
    }

    @Override
    public void start() throws IOException {
        queues.receive(workers, ports::of);
    }

    @Override
    public boolean canBecome(OnRamp next) {
        return !Replacement.isNeeded(settings, next);
    }

    @Override
    public void giveUp(OnRamp next, Undo undo) throws IOException {
        List<String> before = settings.capture();
        List<String> kept =
                before.stream().filter(((OnRamp.Tun) next).capture()::contains).toList();
        if (!kept.equals(before)) {
            undo.push(() -> captures(before, settings.hasIpv6()));
            captures(kept, settings.hasIpv6());
        }
    }

    /** Captures those interfaces, and no others. */
    private void captures(List<String> interfaces, boolean ipv6) throws IOException {
        if (interfaces.isEmpty()) {
            if (capture != null) {
                capture.close();
                capture = null;
            }
        } else if (capture != null) {
            capture.interfaces(interfaces);
        } else {
            capture =
                    place.in(
                            namespace ->
                                    Capture.start(
                                            namespace,
                                            settings.name(),
                                            device(),
                                            interfaces,
                                            ipv6));
        }
    }

    @Override
    public Commit change(OnRamp to, Undo undo) throws IOException {
        OnRamp.Tun next = (OnRamp.Tun) to;
        for (InterfaceAddress address : next.addresses()) {
            LinkAddress one = linkAddress(address);
            if (!settings.addresses().contains(address)
                    && place.in(namespace -> device().addAddress(namespace, one))) {
                undo.push(() -> removeAddress(one));
            }
        }
        int before = device().mtu();
        int mtu = place.in(namespace -> Capture.mtu(namespace, next.capture(), next.mtu()));
        if (mtu != before) {
            undo.push(() -> mtu(before));
            mtu(mtu);
        }
        if (!next.capture().isEmpty() && !next.capture().equals(settings.capture())) {
            List<String> kept =
                    settings.capture().stream().filter(next.capture()::contains).toList();
            undo.push(() -> captures(kept, settings.hasIpv6()));
            captures(next.capture(), next.hasIpv6());
        }
        return () -> become(next);
    }

    private boolean mtu(int bytes) throws IOException {
        return place.in(
                namespace -> {
                    device().mtu(namespace, bytes);
                    return true;
                });
    }

    private boolean removeAddress(LinkAddress address) throws IOException {
        return place.in(
                namespace -> {
                    device().removeAddress(namespace, address);
                    return true;
                });
    }

    private void become(OnRamp.Tun next) throws IOException {
        OnRamp.Tun before = settings;
        settings = next;
        if (before.tenant().equals(next.tenant())) {
            routing.routes().replace(ports, next.routes());
            ports.sources(sources(next));
        } else {
            routing.routes().remove(ports);
            ports.end();
            queues.receiveNoMore(workers);
            queues.dismiss(workers, Reason.ON_RAMP_REMOVED);
            // What has come meanwhile waits in the device.
            ports = ports(next);
            lead();
            start();
        }
        for (InterfaceAddress address : before.addresses()) {
            if (!next.addresses().contains(address)) {
                try {
                    boolean _ = removeAddress(linkAddress(address));
                } catch (IOException e) {
                    LOG.warn("On-ramp {} keeps the address {}", next.name(), address, e);
                }
            }
        }
    }

    @Override
    public void remove(Reason reason) throws IOException {
        routing.routes().remove(ports);
        ports.end();
        queues.receiveNoMore(workers);
        queues.dismiss(workers, reason);
        queues.retire(workers);
        close();
    }

    @Override
    public void stop() {
        // Nobody comes or goes here anyway.
    }

    @Override
    public List<PacketDevice> ends() {
        return List.copyOf(queues.byWorker());
    }

    @Override
    public int tunnels() {
        return 0;
    }

    @Override
    public void close() {
        if (capture != null) {
            capture.close();
        }
        device().close();
    }
}
