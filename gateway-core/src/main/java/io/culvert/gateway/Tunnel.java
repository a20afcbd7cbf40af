package io.culvert.gateway;

import io.culvert.flow.Tenant;
import io.culvert.gateway.forward.TunnelPort;
import io.culvert.gateway.forward.TunnelPorts;
import io.culvert.gateway.policy.AddressSet;
import io.culvert.gateway.tunnel.TunnelContext;
import io.culvert.hook.Reason;
import io.culvert.hook.TunnelInfo;
import io.culvert.linux.PeerCredentials;
import io.culvert.linux.Syscall;
import io.culvert.tun.PacketDevice;
import io.culvert.tun.SeqpacketTunnel;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One tunnel of a {@link SeqpacketOnRamp}: every worker has an end of it and may send, one of them
 * receives. Its flows outlive its connections.
 *
 * <p>Confined to the on-ramp's home, but for what it has workers do.
 */
final class Tunnel {
    private static final int NONE = -1;

    private final SeqpacketTunnel device;
    private final List<Worker> workers;
    private final int receiver;
    private final TunnelPorts ports;
    private final Gone gone;

    private Admittance admittance;
    private int socket = NONE;
    private int connection;
    private PeerCredentials peer;
    private long leftAtNanos;

    /** Told, on a worker's thread, that the peer of a connection has gone. */
    @FunctionalInterface
    interface Gone {
        void gone(Tunnel tunnel, int connection);
    }

    /**
     * @param onRamp its name
     * @param sources the addresses that packets may come from
     * @param receiver the index of the worker that receives
     */
    Tunnel(
            String onRamp,
            String name,
            Tenant tenant,
            AddressSet sources,
            Admittance admittance,
            List<Worker> workers,
            int receiver,
            Gone gone) {
        this.admittance = admittance;
        this.workers = workers;
        this.receiver = receiver;
        this.gone = gone;
        TunnelContext context = admittance.context();
        device = new SeqpacketTunnel(context.mtu());
        ports =
                new TunnelPorts(
                        name,
                        tenant,
                        sources,
                        new TunnelInfo(onRamp, context.id(), context.attributes()),
                        admittance.known(),
                        workers.stream().map(worker -> device.end(worker.buffers())).toList());
    }

    String name() {
        return ports.name();
    }

    /** The tunnel as flows see it. */
    TunnelPorts ports() {
        return ports;
    }

    TunnelContext context() {
        return admittance.context();
    }

    Admittance admittance() {
        return admittance;
    }

    /** It was admitted again, with the same context; what hooks know of it may be new. */
    void admittance(Admittance again) {
        Admittance before = admittance;
        admittance = again;
        ports.know(again.known());
        before.release();
    }

    /** Who was last at the other end. */
    PeerCredentials peer() {
        return peer;
    }

    /** The number of the last connection. */
    int connection() {
        return connection;
    }

    boolean isConnected() {
        return socket != NONE;
    }

    long leftAtNanos() {
        return leftAtNanos;
    }

    void leftAtNanos(long nanos) {
        leftAtNanos = nanos;
    }

    /** Packets come and go through that socket from now on, which is the tunnel's. */
    void connect(int socket, PeerCredentials peer) {
        this.socket = socket;
        this.peer = peer;
        connection++;
        int number = connection;
        device.connect(socket);
        Worker worker = workers.get(receiver);
        TunnelPort port = ports.of(receiver);
        worker.poller().execute(() -> worker.receive(port, socket, () -> gone.gone(this, number)));
    }

    /** The socket is closed once no worker can be using it. */
    void disconnect() {
        if (socket == NONE) {
            return;
        }
        int old = socket;
        socket = NONE;
        device.disconnect();
        workers.get(receiver).poller().execute(() -> workers.get(receiver).stopReceiving(old));
        AtomicInteger left = new AtomicInteger(workers.size());
        for (Worker worker : workers) {
            worker.poller()
                    .execute(
                            () -> {
                                if (left.decrementAndGet() == 0) {
                                    Syscall.close(old);
                                }
                            });
        }
    }

    /** Ends the flows of tunnels that will not come back: in one go, for that looks at them all. */
    static void dismiss(List<TunnelPorts> tunnels, List<Worker> workers) {
        for (int i = 0; i < workers.size(); i++) {
            Worker worker = workers.get(i);
            Set<PacketDevice> devices = ends(tunnels, i);
            worker.poller().execute(() -> worker.dismiss(devices, Reason.TUNNEL_GONE));
        }
    }

    /** All workers' ends of tunnels. */
    static List<PacketDevice> allEnds(List<TunnelPorts> tunnels, int workers) {
        List<PacketDevice> ends = new ArrayList<>();
        for (int i = 0; i < workers; i++) {
            ends.addAll(ends(tunnels, i));
        }
        return ends;
    }

    /** A worker's ends of tunnels, told apart by identity. */
    static Set<PacketDevice> ends(List<TunnelPorts> tunnels, int worker) {
        Set<PacketDevice> ends = Collections.newSetFromMap(new IdentityHashMap<>());
        tunnels.forEach(tunnel -> ends.add(tunnel.of(worker).device()));
        return ends;
    }

    /** Once no worker runs any more. */
    void close() {
        if (socket != NONE) {
            Syscall.close(socket);
        }
    }
}
