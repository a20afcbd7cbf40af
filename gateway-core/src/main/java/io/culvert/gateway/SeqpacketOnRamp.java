package io.culvert.gateway;

import io.culvert.flow.NanoClock;
import io.culvert.flow.Tenant;
import io.culvert.gateway.config.OnRamp;
import io.culvert.gateway.policy.AddressSet;
import io.culvert.gateway.tunnel.TextContext;
import io.culvert.gateway.tunnel.TunnelContext;
import io.culvert.linux.Fd;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.PeerCredentials;
import io.culvert.linux.Sockets;
import io.culvert.linux.Syscall;
import io.culvert.linux.SyscallException;
import io.culvert.upgrade.Poller;
import io.culvert.wire.Prefix;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An on-ramp whose tunnels are connections to a Unix socket. The first message of a connection is
 * its context, and each later one an IP packet.
 *
 * <pre>
 *   accepted --context--> joined: known by its id? --yes--> its flows go on
 *      |                     |           no
 *      '--refused------------'           '--> a tunnel more, polled by one worker
 *   peer gone --> its flows wait for the grace time, where it has an id --> ended
 * </pre>
 *
 * <p>Everything here runs on the loop of one worker, its home.
 */
final class SeqpacketOnRamp implements TunnelListener {
    private static final Logger LOG = LoggerFactory.getLogger(SeqpacketOnRamp.class);

    /** From the connection to its context. */
    private static final long CONTEXT_NANOS = Duration.ofSeconds(5).toNanos();

    private static final long TICK_MILLIS = 100;
    private static final int NONBLOCKING_CLOSE_ON_EXEC = Syscall.NONBLOCK | Syscall.CLOEXEC;
    private static final int ACCEPTED_AT_ONCE = 64;

    /** Messages read off a connection that is refused, so that the refusal is not lost. */
    private static final int UNREAD = 256;

    private final OnRamp.Seqpacket settings;
    private final Routing routing;
    private final List<Worker> workers;
    private final NanoClock clock;
    private final Worker home;
    private final Fd listener;
    private final ByteBuffer message = NativeMemory.allocate(TextContext.LONGEST);
    private final ArrayDeque<Newcomer> newcomers = new ArrayDeque<>();
    private final List<Tunnel> tunnels = new ArrayList<>();
    private final Map<Identity, Tunnel> known = new HashMap<>();
    private final List<Tunnel> leaving = new ArrayList<>();
    private int joined;
    private boolean stopped;
    private volatile int connected;

    /** By what a tunnel is known again. */
    private record Identity(String tenant, String id) {}

    /** A connection whose context has not come yet. */
    private static final class Newcomer {
        private final int socket;
        private final long deadlineNanos;
        private Poller.Watch watch;
        private boolean done;

        Newcomer(int socket, long deadlineNanos) {
            this.socket = socket;
            this.deadlineNanos = deadlineNanos;
        }
    }

    /**
     * @param workers of which the first is at home here
     * @throws IOException with a sentence for the operator
     */
    SeqpacketOnRamp(
            OnRamp.Seqpacket settings, Routing routing, List<Worker> workers, NanoClock clock)
            throws IOException {
        this.settings = settings;
        this.routing = routing;
        this.workers = List.copyOf(workers);
        this.clock = clock;
        home = workers.getFirst();
        listener = UnixListener.open(settings.path(), settings.mode());
    }

    @Override
    public void start() {
        home.poller().watch(listener.number(), Poller.IN, events -> accept());
        home.poller().every(TICK_MILLIS, this::tick);
    }

    @Override
    public void stop() {
        stopped = true;
    }

    private void accept() {
        for (int i = 0; i < ACCEPTED_AT_ONCE && !stopped; i++) {
            int socket = Syscall.accept(listener.number(), 0, 0, NONBLOCKING_CLOSE_ON_EXEC);
            if (socket < 0) {
                return;
            }
            Newcomer newcomer = new Newcomer(socket, clock.nanoTime() + CONTEXT_NANOS);
            try {
                newcomer.watch =
                        home.poller().watch(socket, Poller.IN, events -> context(newcomer));
                newcomers.add(newcomer);
            } catch (UncheckedIOException noWatch) {
                refuse(socket, "no room for another tunnel");
            }
        }
    }

    private void context(Newcomer newcomer) {
        leaveTheDoor(newcomer);
        int socket = newcomer.socket;
        int read =
                Syscall.recv(
                        socket,
                        NativeMemory.address(message),
                        message.capacity(),
                        Syscall.MSG_TRUNC);
        if (read <= 0) {
            Syscall.close(socket);
        } else if (read > message.capacity()) {
            refuse(socket, "the context has more than " + message.capacity() + " bytes");
        } else {
            try {
                join(TextContext.parse(message.slice(0, read)), socket);
            } catch (IllegalArgumentException wrong) {
                refuse(socket, wrong.getMessage());
            }
        }
    }

    private static void leaveTheDoor(Newcomer newcomer) {
        newcomer.done = true;
        newcomer.watch.cancel();
    }

    private void join(TunnelContext context, int socket) {
        PeerCredentials peer;
        try (Fd borrowed = new Fd(socket)) {
            try {
                peer = Sockets.peerCredentials(borrowed);
            } finally {
                borrowed.release();
            }
        } catch (SyscallException e) {
            throw new IllegalArgumentException("who you are cannot be told", e);
        }
        Tenant tenant = routing.tenants().named(context.tenant());
        Identity identity = new Identity(context.tenant(), context.id());
        Tunnel before = known.get(identity);
        if (before != null && before.peer().uid() != peer.uid()) {
            throw new IllegalArgumentException("the id is in use by another user");
        }
        if (before != null && before.context().equals(context)) {
            before.disconnect();
            before.connect(socket, peer);
            count();
            LOG.info("Tunnel {} is back (pid {})", before.name(), peer.pid());
            return;
        }
        if (before != null) {
            // The same with other routes: what was allowed to the one is not to the other.
            end(before);
        }
        Optional<Prefix> taken = routing.routes().taken(tenant, context.routes());
        if (taken.isPresent()) {
            throw new IllegalArgumentException(taken.get() + " leads into another tunnel already");
        }
        joined++;
        String name =
                settings.name() + "/" + (context.id().isEmpty() ? "#" + joined : context.id());
        Tunnel tunnel =
                new Tunnel(
                        name,
                        tenant,
                        sources(context),
                        context,
                        workers,
                        joined % workers.size(),
                        this::gone);
        routing.routes().add(tunnel.ports(), context.routes());
        tunnels.add(tunnel);
        if (!context.id().isEmpty()) {
            known.put(identity, tunnel);
        }
        tunnel.connect(socket, peer);
        count();
        LOG.info(
                "Tunnel {} of tenant {} has come (pid {}, uid {})",
                name,
                tenant.name(),
                peer.pid(),
                peer.uid());
    }

    private AddressSet sources(TunnelContext context) {
        return new AddressSet(settings.strictSource() ? context.routes() : List.of());
    }

    /** Says why, and closes. */
    private void refuse(int socket, String why) {
        LOG.info("A tunnel was refused on {}: {}", settings.path(), why);
        long address = NativeMemory.address(message);
        for (int i = 0; i < UNREAD; i++) {
            // What is left unread would come before the refusal, as an error.
            if (Syscall.recv(socket, address, message.capacity(), 0) <= 0) {
                break;
            }
        }
        byte[] text = ("refused: " + why + "\n").getBytes(StandardCharsets.UTF_8);
        int length = Math.min(text.length, message.capacity());
        message.put(0, text, 0, length);
        Syscall.send(socket, address, length, Syscall.MSG_NOSIGNAL);
        Syscall.close(socket);
    }

    /** The peer of that connection has gone; on any thread. */
    private void gone(Tunnel tunnel, int connection) {
        home.poller()
                .execute(
                        () -> {
                            if (!stopped && tunnel.connection() == connection) {
                                left(tunnel);
                            }
                        });
    }

    private void left(Tunnel tunnel) {
        tunnel.disconnect();
        count();
        tunnel.leftAtNanos(clock.nanoTime());
        if (tunnel.context().id().isEmpty() || settings.grace().isZero()) {
            end(tunnel);
        } else {
            LOG.info("Tunnel {} has gone; its flows wait {}", tunnel.name(), settings.grace());
        }
    }

    private void count() {
        connected = Math.toIntExact(tunnels.stream().filter(Tunnel::isConnected).count());
    }

    @Override
    public int tunnels() {
        return connected;
    }

    private void end(Tunnel tunnel) {
        tunnel.disconnect();
        routing.routes().remove(tunnel.ports());
        tunnels.remove(tunnel);
        known.remove(new Identity(tunnel.context().tenant(), tunnel.context().id()), tunnel);
        leaving.add(tunnel);
        count();
        LOG.info("Tunnel {} has ended", tunnel.name());
    }

    private void tick() {
        if (stopped) {
            return;
        }
        long now = clock.nanoTime();
        for (Newcomer eldest = newcomers.peek(); eldest != null; eldest = newcomers.peek()) {
            if (!eldest.done && now - eldest.deadlineNanos < 0) {
                break;
            }
            newcomers.poll();
            if (!eldest.done) {
                leaveTheDoor(eldest);
                refuse(eldest.socket, "no context came");
            }
        }
        long grace = settings.grace().toNanos();
        for (Tunnel tunnel : List.copyOf(tunnels)) {
            if (!tunnel.isConnected() && now - tunnel.leftAtNanos() >= grace) {
                end(tunnel);
            }
        }
        if (!leaving.isEmpty()) {
            Tunnel.dismiss(leaving.stream().map(Tunnel::ports).toList(), workers);
            leaving.clear();
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        newcomers.stream().filter(each -> !each.done).forEach(each -> Syscall.close(each.socket));
        tunnels.forEach(Tunnel::close);
        Files.deleteIfExists(settings.path());
    }
}
