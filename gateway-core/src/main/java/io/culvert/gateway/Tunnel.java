package io.culvert.gateway;

import io.culvert.flow.Tenant;
import io.culvert.gateway.forward.TunnelPort;
import io.culvert.gateway.tunnel.TunnelContext;
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
import java.util.function.Function;

/**
 * One tunnel of a {@link SeqpacketOnRamp}: every worker has an end of it and may send, one of them
 * receives. Its flows outlive its connections.
 *
 * <p>Confined to the on-ramp's home, but for what it has workers do.
 */
final class Tunnel {
    private static final int NONE = -1;

    private final String name;
    private final TunnelContext context;
    private final SeqpacketTunnel device;
    private final List<Worker> workers;
    private final int receiver;
    private final List<TunnelPort> ports = new ArrayList<>();
    private final Gone gone;

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
     * @param receiver the index of the worker that receives
     * @param port makes a worker's port of its end
     */
    Tunnel(
            String name,
            TunnelContext context,
            List<Worker> workers,
            int receiver,
            Function<PacketDevice, TunnelPort> port,
            Gone gone) {
        this.name = name;
        this.context = context;
        this.workers = workers;
        this.receiver = receiver;
        this.gone = gone;
        device = new SeqpacketTunnel(context.mtu());
        for (Worker worker : workers) {
            TunnelPort own = port.apply(device.end(worker.buffers()));
            ports.add(own);
            worker.poller().execute(() -> worker.admit(own));
        }
    }

    String name() {
        return name;
    }

    TunnelContext context() {
        return context;
    }

    Tenant tenant() {
        return ports.getFirst().tenant();
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
        TunnelPort port = ports.get(receiver);
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
    static void dismiss(List<Tunnel> tunnels, List<Worker> workers) {
        for (int i = 0; i < workers.size(); i++) {
            Worker worker = workers.get(i);
            int index = i;
            List<TunnelPort> ports =
                    tunnels.stream().map(tunnel -> tunnel.ports.get(index)).toList();
            Set<PacketDevice> devices = Collections.newSetFromMap(new IdentityHashMap<>());
            ports.forEach(port -> devices.add(port.device()));
            worker.poller().execute(() -> worker.dismiss(ports, devices));
        }
    }

    /** Once no worker runs any more. */
    void close() {
        if (socket != NONE) {
            Syscall.close(socket);
        }
    }
}
