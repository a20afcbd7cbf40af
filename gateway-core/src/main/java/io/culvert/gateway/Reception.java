package io.culvert.gateway;

import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowTable;
import io.culvert.flow.NanoClock;
import io.culvert.gateway.forward.TunnelPort;
import io.culvert.hook.Reason;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.Syscall;
import io.culvert.nat.Endpoints;
import io.culvert.upgrade.Poller;
import io.culvert.wire.IpAddress;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * One worker's connections that were accepted by on-ramps of type {@code tcp} and are no flows yet.
 *
 * <pre>
 *   accepted --> with PROXY protocol: trusted? --> its header: whole? in time? --> {@link FlowOpener}
 *                                       no            |
 *                                       '-------------'--> reset, and counted as a flow refused
 * </pre>
 *
 * <p>Confined to the worker.
 */
final class Reception {
    /** Connections of a worker whose headers are awaited. */
    private static final int MOST_AWAITED = 4_096;

    private final int worker;
    private final FlowTable table;
    private final NanoClock clock;
    private final Runnable cycle;
    private final Poller poller;
    private final FlowOpener opener;
    private final Openings openings;
    private final Upgraders upgraders;
    private final Listeners listeners;

    private final FlowKey key = new FlowKey();
    private final ByteBuffer bytes = NativeMemory.allocate(ProxyPreface.MOST);
    private final List<TcpEntrance> entrances = new ArrayList<>();

    /** Those whose header has yet to come, the eldest first. */
    private final Set<AwaitedPreface> awaited = new LinkedHashSet<>();

    /** Those that plugins are being asked about. */
    private final Set<ConnectionBeginning> waiting = new LinkedHashSet<>();

    private long pauses;

    /**
     * @param cycle refreshes the clock
     */
    Reception(
            int worker,
            FlowTable table,
            NanoClock clock,
            Runnable cycle,
            Poller poller,
            FlowOpener opener,
            Openings openings,
            Upgraders upgraders,
            Listeners listeners) {
        this.worker = worker;
        this.table = table;
        this.clock = clock;
        this.cycle = cycle;
        this.poller = poller;
        this.opener = opener;
        this.openings = openings;
        this.upgraders = upgraders;
        this.listeners = listeners;
    }

    /** Connections come by that one, too. */
    void add(TcpEntrance entrance) {
        entrances.add(entrance);
    }

    /** No more do, and who has not said whose it is may not any more. */
    void remove(TcpEntrance entrance) {
        entrances.remove(entrance);
        for (AwaitedPreface each : List.copyOf(awaited)) {
            if (each.entrance() == entrance) {
                each.refuse(Reason.ON_RAMP_REMOVED);
            }
        }
    }

    /**
     * A connection that may be a flow.
     *
     * @param ends who it is from, and whom it is taken to be for
     */
    void open(TunnelPort port, int socket, Endpoints ends) {
        cycle.run();
        Reason obstacle = obstacle(port, ends);
        if (obstacle != null) {
            refuse(port, socket, ends, obstacle);
            return;
        }
        ConnectionBeginning one =
                new ConnectionBeginning(this, port, socket, listeners.number(), ends);
        opener.open(one, opener.ruling(one));
    }

    /** A proxy's word is not the kernel's. */
    private static Reason obstacle(TunnelPort port, Endpoints ends) {
        if (port.tunnel().isGone()) {
            return Reason.ON_RAMP_REMOVED;
        }
        return IpAddress.isOneHost(ends.sourceHigh(), ends.sourceLow())
                        && IpAddress.isOneHost(ends.destinationHigh(), ends.destinationLow())
                ? null
                : Reason.NOT_UNICAST;
    }

    /** Resets a connection, and says why. */
    void refuse(TunnelPort port, int socket, Endpoints ends, Reason reason) {
        ConnectionBeginning.reset(socket);
        if (table.isHeard()) {
            table.tellRefused(
                    ConnectionBeginning.setKey(key, port, ends),
                    port.tenant(),
                    worker,
                    port.tunnel().name(),
                    reason);
        }
    }

    /** Waits for the header of a connection. */
    void await(TcpEntrance entrance, int socket, Endpoints own) {
        cycle.run();
        if (awaited.size() >= MOST_AWAITED) {
            refuse(entrance.port(), socket, own, Reason.QUEUE_FULL);
            return;
        }
        AwaitedPreface one = new AwaitedPreface(this, entrance, socket, own, clock.nanoTime());
        awaited.add(one);
        one.start(poller);
    }

    void awaitedNoMore(AwaitedPreface one) {
        awaited.remove(one);
    }

    /**
     * What a connection begins with, which stays in its socket.
     *
     * @return bytes read, 0 at its end, or -errno
     */
    int peek(int socket) {
        int read =
                Syscall.recv(
                        socket, NativeMemory.address(bytes), ProxyPreface.MOST, Syscall.MSG_PEEK);
        bytes.clear().limit(Math.max(0, read));
        return read;
    }

    /** What {@link #peek} read. */
    ByteBuffer peeked() {
        return bytes;
    }

    /** Takes the first bytes out of a connection, which are there. */
    byte[] take(int socket, int length) {
        byte[] taken = new byte[length];
        int read = Syscall.recv(socket, NativeMemory.address(bytes), length, 0);
        bytes.clear().get(0, taken, 0, Math.max(0, read));
        return taken;
    }

    /** Plugins are asked about a connection. */
    void waits(ConnectionBeginning one) {
        waiting.add(one);
    }

    void waitsNoMore(ConnectionBeginning one) {
        waiting.remove(one);
    }

    Openings openings() {
        return openings;
    }

    Upgraders upgraders() {
        return upgraders;
    }

    Poller poller() {
        return poller;
    }

    /** Looks at the clock, and tries again what there were no descriptors for. */
    void tick() {
        for (TcpEntrance each : entrances) {
            pauses += each.resume();
        }
        long now = clock.nanoTime();
        while (!awaited.isEmpty()) {
            AwaitedPreface eldest = awaited.iterator().next();
            if (!eldest.isLate(now)) {
                return;
            }
            eldest.refuse(Reason.PROXY_TIMEOUT);
        }
    }

    /** How often nobody was accepted for a moment, for want of descriptors or memory. */
    long pauses() {
        return pauses;
    }

    /** The gateway ends: so does whoever is no flow. */
    void close() {
        List.copyOf(awaited).forEach(each -> each.refuse(Reason.SHUTDOWN));
        waiting.forEach(each -> each.refuse(Reason.SHUTDOWN));
        waiting.clear();
        List.copyOf(entrances).forEach(TcpEntrance::close);
    }
}
