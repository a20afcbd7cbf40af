package io.culvert.gateway.telemetry;

import io.culvert.flow.PacketCounters;
import io.culvert.flow.Tenant;
import io.culvert.gateway.Gateway;
import io.culvert.gateway.WorkerStatus;
import io.culvert.gateway.forward.DeviceOffRamp;
import io.culvert.hook.Reason;
import io.culvert.nat.PortUsage;
import io.culvert.wire.IpProtocol;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;

import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads a gateway's counters when it is asked, and costs nothing in between.
 *
 * <p>Live flows are walked for what they carry: a million take 0.43 s of a processor, measured.
 *
 * <p>Threading: any; one scrape at a time.
 */
final class GatewayCollector implements MultiCollector {
    static final String OTHER_TENANTS = "other";

    /** How long workers have for their figures, together. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private final Gateway gateway;
    private final FlowTotals totals;
    private final int tenants;
    private final Map<String, Long> highest = new HashMap<>();

    /**
     * @param totals that the gateway's flows were told to
     * @param tenants so many have a label of their own
     */
    GatewayCollector(Gateway gateway, FlowTotals totals, int tenants) {
        this.gateway = gateway;
        this.totals = totals;
        this.tenants = tenants;
    }

    @Override
    public synchronized MetricSnapshots collect() {
        Snapshots page = new Snapshots();
        packets(page);
        flows(page);
        tenants(page, gateway.tenants(), tenants);
        workers(page);
        page.add(Series.TUNNELS, gateway.tunnels());
        gateway.deviceOffRamps().forEach(each -> ports(page, each));
        return page.build();
    }

    private void packets(Snapshots page) {
        long received = 0;
        long carried = 0;
        long answered = 0;
        long returned = 0;
        long dropped = 0;
        Map<Reason, Long> reasons = new EnumMap<>(Reason.class);
        Map<Reason, Long> withheld = new EnumMap<>(Reason.class);
        for (PacketCounters counters : gateway.counters()) {
            received += counters.receivedCount();
            carried += counters.carriedCount();
            answered += counters.answeredCount();
            returned += counters.returnedCount();
            for (Reason reason : Reason.values()) {
                long count = counters.droppedCount(reason);
                withheld.merge(reason, counters.withheldCount(reason), Long::sum);
                reasons.merge(reason, count, Long::sum);
                dropped += count;
            }
        }
        page.add(Series.PACKETS_RECEIVED, received)
                // Packets that are lost later are taken off again, and a counter may not step
                // back: whoever scrapes would take that for a restart.
                .add(Series.PACKETS, neverLess("carried", carried), "in", "carried")
                .add(Series.PACKETS, answered, "in", "answered")
                .add(Series.PACKETS, dropped, "in", "dropped")
                .add(Series.PACKETS, returned, "out", "sent");
        withheld.forEach(
                (reason, count) -> page.add(Series.PACKETS_WITHHELD, count, reason.name()));
        reasons.forEach((reason, count) -> page.add(Series.PACKETS_DROPPED, count, reason.name()));
    }

    private void flows(Snapshots page) {
        page.add(Series.FLOWS, gateway.flows())
                .add(Series.FLOWS_LIMIT, gateway.limits().flows())
                .add(Series.TENANT_FLOWS_LIMIT, gateway.limits().flowsPerTenant());
        for (int protocol = 0; protocol < FlowTotals.PROTOCOLS.size(); protocol++) {
            for (int action = 0; action < FlowTotals.ACTIONS.size(); action++) {
                page.add(
                        Series.FLOWS_OPENED,
                        totals.opened(protocol, action),
                        FlowTotals.PROTOCOLS.get(protocol),
                        FlowTotals.ACTIONS.get(action));
            }
        }
        gateway.wouldRefuse()
                .forEach((rule, count) -> page.add(Series.POLICY_WOULD_REFUSE, count, rule));
        for (Reason reason : Reason.values()) {
            page.add(Series.FLOWS_REFUSED, totals.refused(reason), reason.name());
            page.add(Series.FLOWS_CLOSED, totals.closed(reason), reason.name());
        }
        // A flow that ends between the two is in neither, until the next scrape.
        FlowTotals.Carried[] sum = {totals.carried()};
        gateway.forEachFlow(flow -> sum[0] = sum[0].plus(flow));
        FlowTotals.Carried all = sum[0];
        page.add(Series.FLOW_PACKETS, neverLess("packets up", all.packetsUp()), "up")
                .add(Series.FLOW_PACKETS, neverLess("packets down", all.packetsDown()), "down")
                .add(Series.FLOW_BYTES, neverLess("bytes up", all.bytesUp()), "up")
                .add(Series.FLOW_BYTES, neverLess("bytes down", all.bytesDown()), "down");
    }

    private long neverLess(String what, long now) {
        return highest.merge(what, now, Math::max);
    }

    /** The first that were named are the configuration's, whatever tunnels say afterwards. */
    static void tenants(Snapshots page, Collection<Tenant> named, int most) {
        List<Tenant> all = named.stream().sorted(Comparator.comparingInt(Tenant::id)).toList();
        page.add(Series.TENANTS, all.size()).add(Series.TENANT_FLOWS, 0, OTHER_TENANTS);
        for (int i = 0; i < all.size(); i++) {
            Tenant tenant = all.get(i);
            String label = i < most ? tenant.name() : OTHER_TENANTS;
            page.add(Series.TENANT_FLOWS, tenant.flows(), label);
        }
    }

    private void workers(Snapshots page) {
        List<Optional<WorkerStatus>> answers = Answers.within(PATIENCE, gateway.askStatus());
        for (int i = 0; i < answers.size(); i++) {
            String worker = Integer.toString(i);
            page.add(Series.WORKER_UP, answers.get(i).isPresent() ? 1 : 0, worker);
            answers.get(i)
                    .ifPresent(
                            status ->
                                    page.add(Series.DIALS, status.dials(), worker)
                                            .add(Series.RELAYS, status.relays(), worker)
                                            .add(Series.DOWNGRADES, status.downgrades(), worker)
                                            .add(Series.ACCEPTED, status.accepted(), worker)
                                            .add(
                                                    Series.ACCEPT_PAUSES,
                                                    status.acceptPauses(),
                                                    worker)
                                            .add(Series.SLOTS, status.slots(), worker)
                                            .add(Series.PIPES, status.pipes(), worker)
                                            .add(Series.UDP_SESSIONS, status.sessions(), worker)
                                            .add(Series.FRAGMENTS_HELD, status.fragments(), worker)
                                            .add(Series.SPARE_SOCKETS, status.spares(), worker)
                                            .add(
                                                    Series.PACKETS_UNDECIDED,
                                                    status.undecided(),
                                                    worker));
        }
    }

    private static void ports(Snapshots page, DeviceOffRamp offRamp) {
        for (PortUsage usage : offRamp.mappings().usage()) {
            String protocol = IpProtocol.name(usage.protocol());
            page.add(Series.OUTSIDE_PORTS_USED, usage.used(), offRamp.name(), protocol)
                    .add(Series.OUTSIDE_PORTS_RESTING, usage.resting(), offRamp.name(), protocol)
                    .add(Series.OUTSIDE_PORTS_CAPACITY, usage.capacity(), offRamp.name(), protocol);
        }
    }
}
