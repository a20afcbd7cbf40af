package io.culvert.gateway;

import io.culvert.flow.NanoClock;
import io.culvert.flow.PacketCounters;
import io.culvert.hook.Reason;
import io.culvert.tun.GueEndpoint;
import io.culvert.tun.GueHandler;
import io.culvert.tun.GueHeader;
import io.culvert.tun.GueOutcome;
import io.culvert.tun.GuePeer;
import io.culvert.tun.Packet;
import io.culvert.upgrade.Poller;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import java.util.function.IntUnaryOperator;

/**
 * Where one worker takes packets of a {@link GueOnRamp}: finds the tunnel of each, and counts those
 * that are none's. Nobody is answered. Confined to its worker.
 */
final class GueIntake implements GueHandler<GueSource> {
    /** Of what the kernel knows about paths, so many peers are asked for every second. */
    private static final int PATHS = 64;

    /**
     * Datagrams for one packet of a worker's budget: a device's stands for up to 45, and runs that
     * belong together are cut where a turn ends.
     */
    private static final int DATAGRAMS = 16;

    private static final long PATHS_MILLIS = TimeUnit.SECONDS.toMillis(1);
    private static final long UNUSED_MILLIS = TimeUnit.MINUTES.toMillis(1);

    private final int index;
    private final Worker worker;
    private final GueEndpoint<GueSource> endpoint;
    private final GueTunnels tunnels;
    private final GueContexts contexts;
    private final NanoClock clock;
    private final PacketCounters counters;
    private final IntConsumer rest = this::takeRest;
    private final Runnable flush;
    private final List<Poller.Watch> watches = new ArrayList<>();
    private final List<Poller.Repetition> repetitions = new ArrayList<>();
    private boolean inTurn;

    /**
     * @param index the worker's
     * @param endpoint the worker's
     * @param contexts empty
     */
    GueIntake(
            int index,
            Worker worker,
            GueEndpoint<GueSource> endpoint,
            GueTunnels tunnels,
            GueContexts contexts,
            NanoClock clock) {
        this.index = index;
        this.worker = worker;
        this.endpoint = endpoint;
        this.tunnels = tunnels;
        this.contexts = contexts;
        this.clock = clock;
        counters = worker.counters();
        flush = endpoint::flush;
    }

    /** Begins; on the worker's thread. */
    void start() {
        worker.flushAfterEach(flush);
        for (int listener : endpoint.listeners()) {
            watches.add(worker.watch(listener, budget -> take(budget, this::fromListeners)));
        }
        for (int sender : endpoint.senders()) {
            watches.add(
                    worker.watch(
                            sender,
                            budget ->
                                    take(
                                            budget,
                                            most -> endpoint.receiveOnSender(sender, this, most))));
        }
        repetitions.add(worker.poller().every(PATHS_MILLIS, () -> endpoint.refreshMtus(PATHS)));
        repetitions.add(worker.poller().every(UNUSED_MILLIS, endpoint::forgetUnused));
    }

    /** Takes no packet any more; on the worker's thread. */
    void stop() {
        watches.forEach(Poller.Watch::cancel);
        watches.clear();
        repetitions.forEach(Poller.Repetition::cancel);
        repetitions.clear();
    }

    /** Sends no packet any more; on the worker's thread. */
    void leave() {
        endpoint.flush();
        worker.flushNoMore(flush);
    }

    private int fromListeners(int budget) {
        return endpoint.receive(this, budget);
    }

    private void take(int budget, IntUnaryOperator from) {
        int datagrams = budget * DATAGRAMS;
        if (from.applyAsInt(datagrams) < datagrams || inTurn) {
            return;
        }
        // One call to the kernel brings more than that, and what it has brought no descriptor
        // tells.
        inTurn = true;
        worker.takeInTurn(rest);
    }

    private void takeRest(int budget) {
        inTurn = false;
        take(budget, this::fromListeners);
    }

    @Override
    public void handle(GuePeer<GueSource> peer, Packet packet, GueHeader header) {
        GueTunnel tunnel = peer.owner().tunnel();
        if (tunnel == null) {
            tunnel = named(peer, packet, header);
        }
        if (tunnel != null) {
            tunnel.heard(peer, clock.nanoTime());
            worker.receive(tunnel.port(index), packet);
        }
    }

    /** The tunnel that a packet says it is of; {@code null} where it was refused. */
    private GueTunnel named(GuePeer<GueSource> peer, Packet packet, GueHeader header) {
        GueSource source = peer.owner();
        int length = header.privateDataLength();
        if (length == 0) {
            drop(Reason.TUNNEL_CONTEXT, packet.packets());
            return null;
        }
        GueTunnel known = contexts.find(source, header.bytes(), header.privateData(), length);
        if (known != null) {
            return known;
        }
        byte[] text = new byte[length];
        header.bytes().get(header.privateData(), text);
        return switch (tunnels.named(peer, text)) {
            case GueTunnels.Named.Known(GueTunnel tunnel) -> {
                contexts.add(source, text, tunnel);
                yield tunnel;
            }
            case GueTunnels.Named.Refused(Reason reason) -> {
                drop(reason, packet.packets());
                yield null;
            }
        };
    }

    @Override
    public void dropped(GueOutcome outcome) {
        drop(reason(outcome), 1);
    }

    private void drop(Reason reason, int packets) {
        counters.received(packets);
        counters.dropped(reason, packets);
    }

    static Reason reason(GueOutcome outcome) {
        return switch (outcome) {
            case PACKET -> throw new IllegalArgumentException("it is not dropped");
            case UNKNOWN_PEER -> Reason.UNKNOWN_PEER;
            case TOO_MANY_PEERS -> Reason.TUNNEL_LIMIT;
            case CONTROL_MESSAGE -> Reason.TUNNEL_CONTROL;
            case UNEXPECTED_PRIVATE_DATA -> Reason.TUNNEL_CONTEXT;
            case CONGESTION_UNMARKABLE -> Reason.TUNNEL_ECN;
            case TOO_SHORT,
                    UNKNOWN_VARIANT,
                    HEADER_BEYOND_END,
                    UNKNOWN_FLAG,
                    FIELD_MISSING,
                    UNKNOWN_PROTOCOL,
                    WRONG_INNER_VERSION,
                    INNER_TOO_SHORT,
                    MISPLACED_CHECKSUM,
                    TRUNCATED ->
                    Reason.MALFORMED_TUNNEL;
        };
    }

    /** Tunnels have ended: what is known of their texts is no use any more. */
    void forget() {
        contexts.clear();
    }
}
