package io.culvert.gateway.control;

import io.culvert.gateway.upstream.GroupStatus;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * An upstream of the configuration.
 *
 * @param panic whether so few servers are healthy that all are used
 * @param live requests
 * @param failures of requests, by what the server did
 * @param refused requests for which there was no server, by reason
 * @param problem with the names of its servers; empty where there is none
 */
public record UpstreamView(
        String name,
        String balance,
        boolean panic,
        int live,
        long requests,
        long retries,
        Map<String, Long> failures,
        Map<String, Long> refused,
        long ejections,
        long checks,
        long failedChecks,
        String problem,
        List<Server> servers) {
    private static final double NANOS_PER_MILLISECOND = 1e6;
    private static final double NANOS_PER_SECOND = 1e9;

    /**
     * A server of it.
     *
     * @param state healthy, down or ejected
     * @param requests live ones
     * @param served requests that it answered
     * @param firstByteMs the mean of the newest times to an answer's first byte
     * @param ejectedFor seconds until it is used again
     * @param trouble what went wrong last
     */
    public record Server(
            String server,
            String state,
            int weight,
            int requests,
            int connections,
            long served,
            long failures,
            long ejections,
            double firstByteMs,
            double ejectedFor,
            String trouble) {
        private static Server of(GroupStatus.MemberStatus member) {
            return new Server(
                    member.name(),
                    word(member.state()),
                    member.weight(),
                    member.requests(),
                    member.connections(),
                    member.served(),
                    member.failures(),
                    member.ejections(),
                    member.firstByteNanos() / NANOS_PER_MILLISECOND,
                    member.ejectedForNanos() / NANOS_PER_SECOND,
                    member.trouble());
        }
    }

    public static UpstreamView of(GroupStatus group) {
        Map<String, Long> failures = new TreeMap<>();
        group.failures().forEach((kind, count) -> failures.put(word(kind), count));
        Map<String, Long> refused = new TreeMap<>();
        group.refusals().forEach((reason, count) -> refused.put(reason.name(), count));
        return new UpstreamView(
                group.name(),
                group.balance().word(),
                group.panic(),
                group.live(),
                group.requests(),
                group.retries(),
                failures,
                refused,
                group.ejections(),
                group.checks(),
                group.failedChecks(),
                group.problem(),
                group.members().stream().map(Server::of).toList());
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }
}
