package io.culvert.gateway;

import io.culvert.flow.FlowKey;
import io.culvert.flow.NanoClock;
import io.culvert.gateway.detect.Facts;
import io.culvert.gateway.detect.Progress;
import io.culvert.gateway.detect.QuicFlight;
import io.culvert.gateway.forward.TunnelPort;
import io.culvert.hook.Reason;
import io.culvert.tun.HeldPacket;
import io.culvert.tun.Packet;
import io.culvert.wire.IpPacket;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * UDP flows whose rule asks what they say, while that is not known: those whose first datagram is
 * the beginning of a QUIC client's first flight and not all of it. Their packets wait here until it
 * is, for {@link ContentDecisions#PATIENCE} at most. Of any other it is known at once that nothing
 * is. Bounded as {@link UndecidedFlows} are.
 *
 * <p>Confined to one worker.
 */
final class QuicFlows {
    private static final int BYTES = 64 * 1024;

    private final int worker;
    private final HookAccess access;
    private final NanoClock clock;
    private final Heard heard;
    private final QuicFlight.Maker flights = new QuicFlight.Maker();
    private final Map<FlowKey, Waiting> waiting = new HashMap<>();
    private final Map<Integer, Integer> ofTenant = new HashMap<>();
    private final Packet scratch = new Packet();
    private final IpPacket scratchIp = new IpPacket();
    private int packets;

    /** Takes what has waited, now that it is known what the flow says. */
    interface Heard {
        /** The flow's first packet. */
        void first(TunnelPort port, IpPacket ip, Packet packet, Facts facts);

        /** Another one, after the first was taken. */
        void later(TunnelPort port, IpPacket ip, Packet packet);
    }

    private record Held(TunnelPort port, HeldPacket packet) {}

    private static final class Waiting {
        private final FlowKey key;
        private final QuicFlight flight;
        private final long deadlineNanos;
        private final List<Held> held = new ArrayList<>(2);
        private int bytes;

        Waiting(FlowKey key, QuicFlight flight, long deadlineNanos) {
            this.key = key;
            this.flight = flight;
            this.deadlineNanos = deadlineNanos;
        }
    }

    QuicFlows(int worker, HookAccess access, NanoClock clock, Heard heard) {
        this.worker = worker;
        this.access = access;
        this.clock = clock;
        this.heard = heard;
    }

    /** Whether packets of a flow wait here. */
    boolean has(FlowKey key) {
        return !waiting.isEmpty() && waiting.containsKey(key);
    }

    /**
     * Takes the first packet of a flow, which {@link Heard} is given once it is known what the flow
     * says; maybe at once.
     *
     * @param key copied
     * @return {@code null}, or why it cannot be taken
     */
    Reason first(FlowKey key, TunnelPort port, IpPacket ip, Packet packet) {
        ByteBuffer payload = payload(ip);
        if (!QuicFlight.mayBegin(payload.duplicate().limit(datagram(payload, packet)))) {
            heard.first(port, ip, packet, Facts.NONE);
            return null;
        }
        QuicFlight flight = flights.flight();
        if (read(flight, payload, packet) != Progress.MORE) {
            heard.first(port, ip, packet, flight.facts());
            return null;
        }
        int tenant = port.tenant().id();
        if (waiting.size() >= UndecidedFlows.MOST
                || ofTenant.getOrDefault(tenant, 0) >= UndecidedFlows.MOST_OF_A_TENANT) {
            return Reason.QUEUE_FULL;
        }
        Waiting flow =
                new Waiting(
                        key.copy(), flight, clock.nanoTime() + ContentDecisions.PATIENCE.toNanos());
        if (access.undecided().putIfAbsent(flow.key, worker) != null) {
            // Another worker was quicker; the sender tries again.
            return Reason.QUEUE_FULL;
        }
        waiting.put(flow.key, flow);
        ofTenant.merge(tenant, 1, Integer::sum);
        keep(flow, port, packet);
        return null;
    }

    /** The same of another packet of a flow that waits here. */
    Reason later(FlowKey key, TunnelPort port, IpPacket ip, Packet packet) {
        Waiting flow = waiting.get(key);
        if (flow.held.size() == QuicFlight.MOST_DATAGRAMS || flow.bytes + packet.length() > BYTES) {
            return Reason.QUEUE_FULL;
        }
        keep(flow, port, packet);
        if (read(flow.flight, payload(ip), packet) != Progress.MORE) {
            decide(flow);
        }
        return null;
    }

    private void keep(Waiting flow, TunnelPort port, Packet packet) {
        flow.held.add(new Held(port, new HeldPacket(packet)));
        flow.bytes += packet.length();
        packets += packet.packets();
    }

    private static ByteBuffer payload(IpPacket ip) {
        int at = ip.udp().payloadOffset();
        return ip.bytes().duplicate().clear().slice(at, ip.udp().payloadLength());
    }

    /** How long the first of the datagrams is that a packet stands for. */
    private static int datagram(ByteBuffer payload, Packet packet) {
        return packet.segmentSize() == 0
                ? payload.limit()
                : Math.min(payload.limit(), packet.segmentSize());
    }

    private static Progress read(QuicFlight flight, ByteBuffer payload, Packet packet) {
        int each = Math.max(1, datagram(payload, packet));
        Progress progress = Progress.MORE;
        for (int at = 0; at < payload.limit() && progress == Progress.MORE; at += each) {
            progress = flight.read(payload.slice(at, Math.min(each, payload.limit() - at)));
        }
        return progress;
    }

    private void decide(Waiting flow) {
        waiting.remove(flow.key);
        access.undecided().remove(flow.key);
        ofTenant.computeIfPresent(
                flow.key.tenant(), (tenant, count) -> count == 1 ? null : count - 1);
        for (int i = 0; i < flow.held.size(); i++) {
            Held held = flow.held.get(i);
            packets -= held.packet.packets();
            held.packet.into(scratch);
            scratchIp.wrap(scratch.bytes(), Packet.OFFSET, scratch.length());
            if (i == 0) {
                heard.first(held.port, scratchIp, scratch, flow.flight.facts());
            } else {
                heard.later(held.port, scratchIp, scratch);
            }
        }
    }

    /** Decides about those whose time is over; called now and then. */
    void tick() {
        if (waiting.isEmpty()) {
            return;
        }
        long now = clock.nanoTime();
        List<Waiting> late =
                waiting.values().stream().filter(flow -> now - flow.deadlineNanos >= 0).toList();
        if (!late.isEmpty()) {
            // What leaves is sent with the task's end, and the clock is fresh.
            access.loop().execute(() -> late.forEach(this::decideIfLate));
        }
    }

    private void decideIfLate(Waiting flow) {
        if (waiting.get(flow.key) == flow) {
            decide(flow);
        }
    }

    /** Packets that wait. */
    int packets() {
        return packets;
    }
}
