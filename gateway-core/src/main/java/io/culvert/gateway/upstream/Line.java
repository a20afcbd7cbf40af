package io.culvert.gateway.upstream;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntUnaryOperator;

/**
 * The servers of a group that are to be used, in the order in which they are looked at. Immutable:
 * another one takes its place when a server comes, goes or changes its health.
 */
final class Line {
    private final List<ServerMember> members;
    private final List<ServerMember> eligible;
    private final Balance balance;
    private final boolean panic;
    private final long untilNanos;
    private final HashRing ring;

    /** With each server one or several times; a walk from anywhere meets them all. */
    private final ServerMember[] places;

    /**
     * Makes it from the servers' health.
     *
     * @param percent where fewer in a hundred are healthy, all are used
     */
    Line(List<ServerMember> members, Balance balance, int percent, long nowNanos) {
        this.members = List.copyOf(members);
        this.balance = balance;
        List<ServerMember> healthy = new ArrayList<>();
        List<ServerMember> answering = new ArrayList<>();
        long soonest = Long.MAX_VALUE;
        for (ServerMember member : members) {
            MemberHealth health = member.health();
            long ejected = health.ejectedForNanos(nowNanos);
            if (ejected > 0) {
                soonest = Math.min(soonest, ejected);
            }
            if (!health.isDown()) {
                answering.add(member);
                if (ejected == 0) {
                    healthy.add(member);
                }
            }
        }
        panic = healthy.size() * 100 < percent * members.size();
        // Requests alone never take the last one out: then nothing would show that it is back.
        eligible = panic ? this.members : healthy.isEmpty() ? answering : healthy;
        untilNanos = soonest == Long.MAX_VALUE ? Long.MAX_VALUE : nowNanos + soonest;
        ring = balance == Balance.HASH ? new HashRing(eligible) : null;
        places = ring == null ? Turns.of(eligible) : ring.owners();
    }

    /** All servers, whatever their health. */
    List<ServerMember> members() {
        return members;
    }

    List<ServerMember> eligible() {
        return eligible;
    }

    /** Whether so few are healthy that all are used. */
    boolean isPanic() {
        return panic;
    }

    /** Whether an ejection has ended since it was made. */
    boolean isOver(long nowNanos) {
        return untilNanos != Long.MAX_VALUE && nowNanos - untilNanos >= 0;
    }

    /**
     * Takes a server for a request.
     *
     * @param turn whose turn it is, in a group that goes by turns
     * @param random a number from 0 to below its argument
     * @param limit live requests of one server
     * @return null where each has as many as it may
     */
    ServerMember take(PickRequest request, AtomicInteger turn, IntUnaryOperator random, int limit) {
        if (places.length == 0) {
            return null;
        }
        int start =
                switch (balance) {
                    case ROUND_ROBIN -> Math.floorMod(turn.getAndIncrement(), places.length);
                    case LEAST_LOADED -> lighter(random);
                    case HASH -> ring.start(request.hash());
                };
        ServerMember first = places[start];
        if (!request.tried().contains(first) && first.take(limit)) {
            return first;
        }
        ServerMember other = walk(start, request.tried(), limit);
        return other != null || request.tried().isEmpty() ? other : walk(start, Set.of(), limit);
    }

    private int lighter(IntUnaryOperator random) {
        int one = random.applyAsInt(places.length);
        int other = random.applyAsInt(places.length);
        return places[other].load() < places[one].load() ? other : one;
    }

    private ServerMember walk(int start, Set<Member> without, int limit) {
        Set<ServerMember> met = new HashSet<>();
        for (int i = 0; i < places.length && met.size() < eligible.size(); i++) {
            ServerMember member = places[(start + i) % places.length];
            if (met.add(member) && !without.contains(member) && member.take(limit)) {
                return member;
            }
        }
        return null;
    }
}
