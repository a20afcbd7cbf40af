package io.culvert.gateway;

import io.culvert.gateway.config.OffRamp;
import io.culvert.gateway.forward.DeviceOffRamp;
import io.culvert.gateway.forward.DevicePort;
import io.culvert.gateway.share.SharedAddresses;
import io.culvert.hook.Reason;
import io.culvert.tun.NetworkNamespace;
import io.culvert.tun.PacketDevice;

import java.io.IOException;
import java.util.List;

/**
 * A device off-ramp of a running gateway: its device and what the host does for it.
 *
 * <p>Threading: one thread that is no worker's, in the gateway's network namespace.
 */
final class LiveOffRamp implements AutoCloseable {
    private final DeviceQueues queues;
    private final SharedAddresses shared;
    private final List<DevicePort> ports;
    private final Workers workers;
    private OffRamp.Device settings;

    /**
     * @param queues of its device, which is closed with this
     * @param shared closed with this
     */
    LiveOffRamp(
            OffRamp.Device settings,
            DeviceQueues queues,
            SharedAddresses shared,
            DeviceOffRamp ramp,
            Workers workers) {
        this.settings = settings;
        this.queues = queues;
        this.shared = shared;
        this.workers = workers;
        ports = queues.byWorker().stream().map(queue -> new DevicePort(ramp, queue)).toList();
    }

    OffRamp.Device settings() {
        return settings;
    }

    /** As flows see it. */
    DeviceOffRamp ramp() {
        return ports.getFirst().offRamp();
    }

    /** Flows may leave by it, and come. */
    void start() throws IOException {
        workers.each(worker -> worker.add(ports.get(worker.index())));
        queues.receive(workers, ports::get);
    }

    /**
     * Does what can be done, and may fail, of becoming {@code next} in place.
     *
     * @param undo is told how to take it back
     * @return the rest, to be done once all is sure
     */
    LiveOnRamp.Commit change(OffRamp.Device next, Undo undo) throws IOException {
        int before = queues.device().mtu();
        if (next.mtu() != before) {
            undo.push(() -> mtu(before));
            mtu(next.mtu());
        }
        return () -> settings = next;
    }

    private void mtu(int bytes) throws IOException {
        try (NetworkNamespace namespace = NetworkNamespace.current("culvert-" + settings.name())) {
            queues.device().mtu(namespace, bytes);
        }
    }

    /** Every worker's. */
    List<PacketDevice> ends() {
        return List.copyOf(queues.byWorker());
    }

    /** Takes it away while the gateway goes on; its flows end. */
    void remove() throws IOException {
        workers.each(worker -> worker.remove(ports.get(worker.index())));
        queues.receiveNoMore(workers);
        queues.dismiss(workers, Reason.OFF_RAMP_REMOVED);
        queues.retire(workers);
        close();
    }

    /** Once no worker runs any more, or none can be using it. */
    @Override
    public void close() {
        // Before the device, to which its connections would otherwise lead no more.
        shared.close();
        queues.device().close();
    }
}
