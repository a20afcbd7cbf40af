package io.culvert.gateway.demo;

import io.culvert.gateway.Gateway;
import io.culvert.gateway.WorkerStatus;
import io.culvert.linux.OpenDescriptors;

import java.io.IOException;

/**
 * What the gateway holds for its flows, and this process for everything, at a moment.
 *
 * @param slots NAT slots that flows have
 * @param sockets connections relayed and dialed, UDP sockets
 * @param pipes kept for the next relays
 * @param descriptors open in this process: sockets, devices and the like, but not files, nor the
 *     pipes above
 */
record Holdings(int flows, int slots, int sockets, int pipes, long descriptors) {
    static Holdings of(Gateway gateway) throws IOException {
        int slots = 0;
        int sockets = 0;
        int pipes = 0;
        for (WorkerStatus worker : gateway.status()) {
            slots += worker.slots();
            sockets += worker.relays() + worker.dials() + worker.sessions();
            pipes += worker.pipes();
        }
        return new Holdings(
                gateway.flows(), slots, sockets, pipes, OpenDescriptors.now().count() - 2L * pipes);
    }

    /** Whether everything but pipes is the same. */
    boolean isBackAt(Holdings start) {
        return flows == start.flows
                && slots == start.slots
                && sockets == start.sockets
                && descriptors == start.descriptors;
    }
}
