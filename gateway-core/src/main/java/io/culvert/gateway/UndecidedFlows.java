package io.culvert.gateway;

import io.culvert.flow.FlowKey;
import io.culvert.gateway.forward.TunnelPort;
import io.culvert.gateway.plugin.Answer;
import io.culvert.gateway.plugin.HookChain;
import io.culvert.gateway.plugin.Question;
import io.culvert.gateway.policy.Ruling;
import io.culvert.hook.Endpoint;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.Reason;
import io.culvert.tun.HeldPacket;
import io.culvert.tun.Packet;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpPacket;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;

/**
 * Flows that plugins are being asked about. Their first packets wait here, a few of each, and so do
 * no more than {@value #MOST} flows of a worker, {@value #MOST_OF_A_TENANT} of a tenant.
 *
 * <p>Confined to one worker.
 */
final class UndecidedFlows {
    static final int MOST = 4_096;
    static final int MOST_OF_A_TENANT = MOST / 4;

    /** Packets of one flow that wait, and bytes of those after the first. */
    private static final int PACKETS = 8;

    private static final int BYTES = 64 * 1024;

    private final int worker;
    private final HookAccess access;
    private final Decided decided;
    private final Map<FlowKey, Waiting> waiting = new HashMap<>();
    private final Map<Integer, Integer> ofTenant = new HashMap<>();
    private final Packet scratch = new Packet();
    private final IpPacket scratchIp = new IpPacket();
    private int packets;

    /** Takes what has waited, now that it is decided. */
    interface Decided {
        /** The flow's first packet. */
        void first(TunnelPort port, IpPacket ip, Packet packet, Ruling ruling, Answer answer);

        /** Another one, after the first was taken. */
        void later(TunnelPort port, IpPacket ip, Packet packet, Answer answer);
    }

    private record Held(TunnelPort port, HeldPacket packet) {}

    private static final class Waiting {
        private final FlowKey key;
        private final Ruling ruling;
        private final List<Held> held = new ArrayList<>(1);
        private Question question;
        private int bytes;

        Waiting(FlowKey key, Ruling ruling) {
            this.key = key;
            this.ruling = ruling;
        }
    }

    UndecidedFlows(int worker, HookAccess access, Decided decided) {
        this.worker = worker;
        this.access = access;
        this.decided = decided;
    }

    /** The plugins that are asked about flows which open now. */
    HookChain chain() {
        return access.plugins().current();
    }

    /** The worker where a flow is undecided; negative where it is nowhere. */
    int owner(FlowKey key) {
        if (access.undecided().isEmpty()) {
            return -1;
        }
        return access.undecided().getOrDefault(key, -1);
    }

    /**
     * Keeps a packet of a flow that is undecided here.
     *
     * @return {@code null}, or why it cannot be kept
     */
    Reason hold(FlowKey key, TunnelPort port, Packet packet) {
        Waiting flow = waiting.get(key);
        if (flow == null || flow.held.size() == PACKETS || flow.bytes + packet.length() > BYTES) {
            return Reason.QUEUE_FULL;
        }
        keep(flow, port, packet);
        flow.bytes += packet.length();
        return null;
    }

    private void keep(Waiting flow, TunnelPort port, Packet packet) {
        flow.held.add(new Held(port, new HeldPacket(packet)));
        packets += packet.packets();
    }

    /**
     * Asks about a new flow, and keeps its first packet.
     *
     * @param key copied
     * @param ruling to carry it
     * @return {@code null}, or why nobody can be asked
     */
    Reason ask(FlowKey key, TunnelPort port, IpPacket ip, Packet packet, Ruling ruling) {
        int tenant = port.tenant().id();
        if (waiting.size() >= MOST || ofTenant.getOrDefault(tenant, 0) >= MOST_OF_A_TENANT) {
            return Reason.HOOK_OVERLOAD;
        }
        Waiting flow = new Waiting(key.copy(), ruling);
        if (access.undecided().putIfAbsent(flow.key, worker) != null) {
            // Another worker was quicker; the sender tries again, and then it is decided.
            return Reason.QUEUE_FULL;
        }
        waiting.put(flow.key, flow);
        ofTenant.merge(tenant, 1, Integer::sum);
        keep(flow, port, packet);
        FlowInfo info = info(port, ip);
        Question.Taker taker = answer -> post(flow, answer);
        do {
            // Only a chain that was just replaced can say no.
            flow.question = chain().ask(info, ruling.decision(), taker);
        } while (flow.question == null);
        return null;
    }

    private void post(Waiting flow, Answer answer) {
        try {
            access.loop().execute(() -> answered(flow, answer));
        } catch (RejectedExecutionException stopped) {
            answer.refused(Reason.SHUTDOWN);
        }
    }

    /** What hooks are told of a flow by its first packet. */
    static FlowInfo info(TunnelPort port, IpPacket first) {
        return new FlowInfo(
                port.tenant().name(),
                port.tunnel().info(),
                first.protocol(),
                new Endpoint(
                        new IpAddress(first.sourceHigh(), first.sourceLow()).toInetAddress(),
                        first.sourcePort()),
                new Endpoint(
                        new IpAddress(first.destinationHigh(), first.destinationLow())
                                .toInetAddress(),
                        first.destinationPort()),
                port.tunnel().context());
    }

    private void answered(Waiting flow, Answer answer) {
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
                decided.first(held.port, scratchIp, scratch, flow.ruling, answer);
            } else {
                decided.later(held.port, scratchIp, scratch, answer);
            }
        }
    }

    /** Goes on without plugins that do not answer; called now and then. */
    void tick() {
        if (waiting.isEmpty()) {
            return;
        }
        long now = System.nanoTime();
        for (Waiting flow : waiting.values()) {
            flow.question.expire(now);
        }
    }

    /** Packets that wait. */
    int packets() {
        return packets;
    }
}
