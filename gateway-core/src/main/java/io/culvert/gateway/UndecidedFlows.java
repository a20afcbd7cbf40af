package io.culvert.gateway;

import io.culvert.flow.FlowKey;
import io.culvert.gateway.forward.TunnelPort;
import io.culvert.gateway.plugin.Answer;
import io.culvert.gateway.plugin.HookChain;
import io.culvert.gateway.plugin.Question;
import io.culvert.gateway.plugin.Round;
import io.culvert.gateway.policy.Ruling;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.Reason;
import io.culvert.tun.Packet;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;

/**
 * Flows that plugins are being asked about. What they begin with waits here, and so do a few more
 * packets of each, of no more than {@value #MOST} flows of a worker, {@value #MOST_OF_A_TENANT} of
 * a tenant.
 *
 * <p>Confined to one worker.
 */
final class UndecidedFlows {
    static final int MOST = 4_096;
    static final int MOST_OF_A_TENANT = MOST / 4;

    private final int worker;
    private final HookAccess access;
    private final Decided decided;
    private final Map<FlowKey, Waiting> waiting = new HashMap<>();
    private final Map<Integer, Integer> ofTenant = new HashMap<>();
    private final List<Question> next = new ArrayList<>();
    private int packets;

    /** Takes what has waited, now that it is decided. */
    @FunctionalInterface
    interface Decided {
        void decided(Beginning one, Ruling ruling, Answer answer);
    }

    private static final class Waiting {
        private final FlowKey key;
        private final Ruling ruling;
        private final Beginning.Kept kept;
        private Question question;

        Waiting(FlowKey key, Ruling ruling, Beginning.Kept kept) {
            this.key = key;
            this.ruling = ruling;
            this.kept = kept;
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
        if (flow == null) {
            return Reason.QUEUE_FULL;
        }
        Reason obstacle = flow.kept.add(port, packet);
        if (obstacle == null) {
            packets += packet.packets();
        }
        return obstacle;
    }

    /**
     * Asks about a new flow, and keeps what it begins with.
     *
     * @param key copied
     * @param ruling to carry it
     * @return {@code null}, or why nobody can be asked
     */
    Reason ask(FlowKey key, Beginning one, Ruling ruling) {
        int tenant = one.port().tenant().id();
        if (waiting.size() >= MOST || ofTenant.getOrDefault(tenant, 0) >= MOST_OF_A_TENANT) {
            return Reason.HOOK_OVERLOAD;
        }
        FlowKey own = key.copy();
        if (access.undecided().putIfAbsent(own, worker) != null) {
            // Another worker was quicker; the sender tries again, and then it is decided.
            return Reason.QUEUE_FULL;
        }
        FlowInfo info = one.info();
        Waiting flow = new Waiting(own, ruling, one.keep());
        waiting.put(flow.key, flow);
        ofTenant.merge(tenant, 1, Integer::sum);
        packets += flow.kept.packets();
        Question.Taker taker = answer -> post(flow, answer);
        do {
            // Only a chain that was just replaced can say no.
            flow.question = chain().question(info, ruling.decision(), taker);
        } while (flow.question == null);
        if (next.isEmpty()) {
            // When the packets that have arrived are done with, and have all said what they ask.
            access.loop().execute(this::askAll);
        }
        next.add(flow.question);
        return null;
    }

    private void askAll() {
        Round round = new Round(next);
        boolean hasSeveral = next.size() > 1;
        next.clear();
        round.begin();
        if (hasSeveral) {
            access.later().execute(round::disperse);
        }
    }

    private void post(Waiting flow, Answer answer) {
        try {
            access.loop().execute(() -> answered(flow, answer));
        } catch (RejectedExecutionException stopped) {
            answer.refused(Reason.SHUTDOWN);
        }
    }

    private void answered(Waiting flow, Answer answer) {
        waiting.remove(flow.key);
        access.undecided().remove(flow.key);
        ofTenant.computeIfPresent(
                flow.key.tenant(), (tenant, count) -> count == 1 ? null : count - 1);
        packets -= flow.kept.packets();
        decided.decided(flow.kept.again(), flow.ruling, answer);
        flow.kept.rest(answer);
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
