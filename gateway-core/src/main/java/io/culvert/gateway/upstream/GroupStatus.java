package io.culvert.gateway.upstream;

import io.culvert.hook.Reason;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * A group at a moment, for listings and metrics. Counts are since the group came into the
 * configuration.
 *
 * @param panic whether so few servers are healthy that all are used
 * @param live requests
 * @param problem what is wrong with the names of its servers; empty where nothing is
 */
public record GroupStatus(
        String name,
        Balance balance,
        boolean panic,
        int live,
        long requests,
        long retries,
        Map<Failure, Long> failures,
        Map<Reason, Long> refusals,
        long ejections,
        long checks,
        long failedChecks,
        String problem,
        List<MemberStatus> members) {
    /** Why a group refuses a request. */
    public static final List<Reason> REASONS =
            List.of(
                    Reason.UPSTREAM_UNRESOLVED,
                    Reason.UPSTREAM_UNHEALTHY,
                    Reason.UPSTREAM_LIMIT,
                    Reason.UPSTREAM_RETRIES);

    /** What a server of a group is. */
    public enum State {
        HEALTHY,
        /** Checks fail. */
        DOWN,
        /** Requests failed. */
        EJECTED
    }

    /**
     * A server of it.
     *
     * @param requests live ones
     * @param served requests that it answered
     * @param firstByteNanos the mean of the newest times to the first byte
     * @param ejectedForNanos 0 unless it is ejected
     * @param trouble what went wrong last
     */
    public record MemberStatus(
            String name,
            State state,
            int weight,
            int requests,
            int connections,
            long served,
            long failures,
            long ejections,
            long firstByteNanos,
            long ejectedForNanos,
            String trouble) {
        private static MemberStatus of(ServerMember member, long nowNanos) {
            return new MemberStatus(
                    member.name(),
                    State.valueOf(member.health().state(nowNanos).name()),
                    member.weight(),
                    member.requests(),
                    member.connections(),
                    member.served(),
                    member.failures(),
                    member.health().totalEjections(),
                    member.firstByteNanos(),
                    member.health().ejectedForNanos(nowNanos),
                    member.health().trouble());
        }
    }

    static GroupStatus of(Group group, String problem, long nowNanos) {
        GroupCounters counters = group.counters();
        Map<Failure, Long> failures = new EnumMap<>(Failure.class);
        for (Failure failure : Failure.values()) {
            failures.put(failure, counters.failures(failure));
        }
        Map<Reason, Long> refusals = new EnumMap<>(Reason.class);
        REASONS.forEach(reason -> refusals.put(reason, counters.refusals(reason)));
        return new GroupStatus(
                group.name(),
                group.settings().balance(),
                group.isPanic(),
                group.live(),
                counters.requests(),
                counters.retries(),
                failures,
                refusals,
                counters.ejections(),
                counters.checks(),
                counters.failedChecks(),
                problem,
                group.members().stream().map(one -> MemberStatus.of(one, nowNanos)).toList());
    }
}
