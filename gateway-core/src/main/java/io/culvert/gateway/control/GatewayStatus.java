package io.culvert.gateway.control;

import com.fasterxml.jackson.annotation.JsonInclude;

import io.culvert.flow.PacketCounters;
import io.culvert.gateway.Administration;
import io.culvert.gateway.Gateway;
import io.culvert.gateway.WorkerStatus;
import io.culvert.hook.Reason;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A gateway's totals.
 *
 * @param tunnels connected to on-ramps of type {@code seqpacket}, or heard from on those of type
 *     {@code gue}
 * @param received packets from on-ramps and from devices of off-ramps; the sum of {@code carried},
 *     {@code answered}, {@code dropped} and {@code held}
 * @param held fragments that wait for the others of their datagram, and packets that wait for
 *     plugins to decide about their flow
 * @param returned packets to on-ramps
 * @param dropped by reason, those that occurred
 * @param withheld packets of targets that a rate kept back, by reason
 * @param configuration which one is in force; empty where it cannot be changed
 */
public record GatewayStatus(
        int flows,
        int tunnels,
        long received,
        long carried,
        long answered,
        long held,
        long returned,
        Map<String, Long> dropped,
        Map<String, Long> withheld,
        List<WorkerStatus> workers,
        @JsonInclude(JsonInclude.Include.NON_ABSENT) Optional<ConfigurationStatus> configuration) {

    public static GatewayStatus of(Gateway gateway) throws IOException {
        return of(gateway, null);
    }

    /**
     * @param administration who changes its configuration; {@code null} where nobody does
     */
    static GatewayStatus of(Gateway gateway, Administration administration) throws IOException {
        long received = 0;
        long carried = 0;
        long answered = 0;
        long returned = 0;
        Map<String, Long> dropped = new TreeMap<>();
        Map<String, Long> withheld = new TreeMap<>();
        for (PacketCounters counters : gateway.counters()) {
            received += counters.receivedCount();
            carried += counters.carriedCount();
            answered += counters.answeredCount();
            returned += counters.returnedCount();
            for (Reason reason : Reason.values()) {
                long count = counters.droppedCount(reason);
                if (count > 0) {
                    dropped.merge(reason.name(), count, Long::sum);
                }
                long kept = counters.withheldCount(reason);
                if (kept > 0) {
                    withheld.merge(reason.name(), kept, Long::sum);
                }
            }
        }
        List<WorkerStatus> workers = gateway.status();
        long held =
                workers.stream().mapToLong(worker -> worker.fragments() + worker.undecided()).sum();
        return new GatewayStatus(
                gateway.flows(),
                gateway.tunnels(),
                received,
                carried,
                answered,
                held,
                returned,
                dropped,
                withheld,
                workers,
                Optional.ofNullable(administration).map(ConfigurationStatus::of));
    }
}
