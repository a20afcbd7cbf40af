package io.culvert.gateway.upstream;

import io.culvert.hook.Reason;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntUnaryOperator;
import java.util.function.LongSupplier;

/**
 * A group of servers of the configuration. Which servers it has changes with names and with the
 * configuration; a server that goes serves what it was picked for, and is picked no more.
 *
 * <p>Threading: any thread picks; servers and settings are changed by one at a time.
 */
public final class Group implements Upstream {
    private final String name;
    private final LongSupplier clock;
    private final IntUnaryOperator random;
    private final GroupCounters counters = new GroupCounters();
    private final RetryBudget budget = new RetryBudget();
    private final AtomicInteger live = new AtomicInteger();
    private final AtomicInteger turn = new AtomicInteger();
    private volatile GroupSettings settings;
    private volatile Line line;

    /**
     * A server's addresses.
     *
     * @param address as in {@link ServerMember.Key}
     */
    record Located(ServerSettings server, String address, List<InetSocketAddress> addresses) {}

    /** One without servers yet. */
    Group(GroupSettings settings, LongSupplier clock) {
        this(settings, clock, bound -> ThreadLocalRandom.current().nextInt(bound));
    }

    /**
     * One whose chance is given.
     *
     * @param random a number from 0 to below its argument
     */
    Group(GroupSettings settings, LongSupplier clock, IntUnaryOperator random) {
        this.name = settings.name();
        this.settings = settings;
        this.clock = clock;
        this.random = random;
        line = new Line(List.of(), settings.balance(), settings.panic(), clock.getAsLong());
    }

    @Override
    public String name() {
        return name;
    }

    GroupSettings settings() {
        return settings;
    }

    GroupCounters counters() {
        return counters;
    }

    /** Live requests. */
    int live() {
        return live.get();
    }

    List<ServerMember> members() {
        return line.members();
    }

    /** Whether so few are healthy that all are used. */
    boolean isPanic() {
        return line.isPanic();
    }

    @Override
    public Choice pick(PickRequest request) {
        GroupSettings now = settings;
        boolean retry = request.retries() > 0;
        if (retry
                && (request.retries() > now.retries()
                        || !budget.take(live.get(), now.retryBudget()))) {
            return refused(Reason.UPSTREAM_RETRIES, false);
        }
        Line current = line;
        if (current.isOver(clock.getAsLong())) {
            current = lookAgain();
        }
        ServerMember member = current.take(request, turn, random, now.requests());
        if (member == null) {
            return refused(
                    current.members().isEmpty()
                            ? Reason.UPSTREAM_UNRESOLVED
                            : current.eligible().isEmpty()
                                    ? Reason.UPSTREAM_UNHEALTHY
                                    : Reason.UPSTREAM_LIMIT,
                    retry);
        }
        live.incrementAndGet();
        counters.requested(retry);
        return new GroupPick(this, member, retry);
    }

    private Choice refused(Reason reason, boolean budgeted) {
        if (budgeted) {
            budget.give();
        }
        counters.refused(reason);
        return new Choice.Refused(reason);
    }

    void succeeded(ServerMember member, long firstByteNanos) {
        member.succeeded(firstByteNanos, clock.getAsLong());
    }

    void failed(ServerMember member, Failure kind) {
        counters.failed(kind);
        if (member.failed(kind, clock.getAsLong())) {
            counters.ejected();
            lookAgain();
        }
    }

    void released(ServerMember member, boolean retry) {
        member.give();
        live.decrementAndGet();
        if (retry) {
            budget.give();
        }
    }

    /**
     * A check of a server was answered.
     *
     * @param problem empty where it is well
     * @return whether its state changed
     */
    boolean checked(ServerMember member, String problem) {
        counters.checked(problem.isEmpty());
        boolean changed = member.health().checked(problem);
        if (changed) {
            lookAgain();
        }
        return changed;
    }

    /** The servers' health has changed. */
    private synchronized Line lookAgain() {
        GroupSettings now = settings;
        line = new Line(line.members(), now.balance(), now.panic(), clock.getAsLong());
        return line;
    }

    /**
     * From now on it has these servers, by these settings. One that it has already stays the same,
     * with what is known of its health, unless it is connected to in another way now.
     *
     * @return those that are new
     */
    synchronized List<ServerMember> become(GroupSettings next, List<Located> servers) {
        Map<ServerMember.Key, ServerMember> former = new HashMap<>();
        line.members().forEach(member -> former.put(member.key(), member));
        Map<ServerMember.Key, ServerMember> all = new LinkedHashMap<>();
        List<ServerMember> added = new ArrayList<>();
        int rise = next.health().map(HealthSettings::rise).orElse(1);
        int fall = next.health().map(HealthSettings::fall).orElse(1);
        for (Located server : servers) {
            ServerMember.Key key = new ServerMember.Key(server.server().text(), server.address());
            if (all.containsKey(key)) {
                continue;
            }
            ServerMember member = former.get(key);
            if (member == null || !member.link().equals(next.link())) {
                member =
                        new ServerMember(
                                key,
                                name,
                                next.link(),
                                server.addresses(),
                                new MemberHealth(next.ejection(), rise, fall));
                added.add(member);
            } else {
                member.health().become(next.ejection(), rise, fall);
                if (next.health().isEmpty()) {
                    member.health().unchecked();
                }
            }
            member.become(server.addresses(), server.server().weight(), next.connections());
            all.put(key, member);
        }
        settings = next;
        List<ServerMember> gone = new ArrayList<>(line.members());
        gone.removeAll(all.values());
        line = new Line(List.copyOf(all.values()), next.balance(), next.panic(), clock.getAsLong());
        gone.forEach(ServerMember::retire);
        return added;
    }
}
