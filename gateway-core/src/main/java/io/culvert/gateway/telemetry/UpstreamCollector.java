package io.culvert.gateway.telemetry;

import io.culvert.gateway.upstream.GroupStatus;
import io.culvert.gateway.upstream.Upstreams;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;

import java.util.Locale;

/**
 * What upstreams do, by the name of each.
 *
 * @param upstreams read when asked for
 */
record UpstreamCollector(Upstreams upstreams) implements MultiCollector {
    @Override
    public MetricSnapshots collect() {
        Snapshots page = new Snapshots();
        upstreams.status().forEach(group -> add(page, group));
        return page.build();
    }

    private static void add(Snapshots page, GroupStatus group) {
        String name = Texts.wellFormed(group.name());
        page.add(Series.UPSTREAM_REQUESTS, group.requests(), name)
                .add(Series.UPSTREAM_RETRIES, group.retries(), name)
                .add(Series.UPSTREAM_LIVE, group.live(), name)
                .add(Series.UPSTREAM_EJECTIONS, group.ejections(), name)
                .add(Series.UPSTREAM_CHECKS, group.checks() - group.failedChecks(), name, "well")
                .add(Series.UPSTREAM_CHECKS, group.failedChecks(), name, "failed")
                .add(Series.UPSTREAM_PANIC, group.panic() ? 1 : 0, name)
                .add(
                        Series.UPSTREAM_CONNECTIONS,
                        group.members().stream()
                                .mapToLong(GroupStatus.MemberStatus::connections)
                                .sum(),
                        name);
        group.failures()
                .forEach(
                        (kind, count) ->
                                page.add(Series.UPSTREAM_FAILURES, count, name, word(kind)));
        group.refusals()
                .forEach(
                        (reason, count) ->
                                page.add(Series.UPSTREAM_REFUSED, count, name, reason.name()));
        for (GroupStatus.State state : GroupStatus.State.values()) {
            long count = group.members().stream().filter(one -> one.state() == state).count();
            page.add(Series.UPSTREAM_SERVERS, count, name, word(state));
        }
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }
}
