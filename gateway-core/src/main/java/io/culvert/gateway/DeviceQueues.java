package io.culvert.gateway;

import io.culvert.gateway.forward.Port;
import io.culvert.hook.Reason;
import io.culvert.tun.PacketDevice;
import io.culvert.tun.TunDevice;
import io.culvert.tun.TunQueue;
import io.culvert.upgrade.Poller;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.IntFunction;

/**
 * The queues of a TUN device as the workers have them. A device that was there before may have
 * fewer queues than there are workers, and then some workers send by another's.
 *
 * <p>Threading: one thread that is no worker's.
 */
final class DeviceQueues {
    private final TunDevice device;
    private final int first;
    private final int workers;
    private final List<TunQueue> byWorker = new ArrayList<>();

    /** By worker, and its own to touch; null for those without a queue to themselves. */
    private final Poller.Watch[] watches;

    /**
     * @param first the index of the worker whose queue is the first
     */
    DeviceQueues(TunDevice device, int first, int workers) {
        this.device = device;
        this.first = first;
        this.workers = workers;
        watches = new Poller.Watch[workers];
        List<TunQueue> queues = device.queues();
        for (int worker = 0; worker < workers; worker++) {
            int index = Math.floorMod(worker - first, workers);
            byWorker.add(queues.get(index < queues.size() ? index : 0));
        }
    }

    TunDevice device() {
        return device;
    }

    /** The queue of each worker. */
    List<TunQueue> byWorker() {
        return byWorker;
    }

    /** Whether that worker has a queue to itself. */
    private boolean isOwn(int worker) {
        return Math.floorMod(worker - first, workers) < device.queues().size();
    }

    /**
     * Takes packets from now on, or takes them as those of other ports from now on.
     *
     * @param ports by the worker's index
     */
    void receive(Workers on, IntFunction<Port> ports) throws IOException {
        on.each(
                worker -> {
                    int index = worker.index();
                    if (watches[index] != null) {
                        watches[index].cancel();
                        watches[index] = null;
                    }
                    if (isOwn(index)) {
                        watches[index] = worker.attach(ports.apply(index));
                    }
                });
    }

    /** Takes none any more. */
    void receiveNoMore(Workers on) throws IOException {
        on.each(
                worker -> {
                    Poller.Watch watch = watches[worker.index()];
                    watches[worker.index()] = null;
                    if (watch != null) {
                        watch.cancel();
                    }
                });
    }

    /** Ends the flows that come or leave here, each side told as far as it can be. */
    void dismiss(Workers on, Reason reason) throws IOException {
        on.each(worker -> worker.dismiss(ends(worker.index()), reason));
    }

    /** A worker's end, told by identity. */
    private Set<PacketDevice> ends(int worker) {
        Set<PacketDevice> ends = Collections.newSetFromMap(new IdentityHashMap<>());
        ends.add(byWorker.get(worker));
        return ends;
    }

    /** Makes sure that no worker uses a descriptor of it any more, so that it can be closed. */
    void retire(Workers on) throws IOException {
        device.retire();
        on.settle();
    }
}
