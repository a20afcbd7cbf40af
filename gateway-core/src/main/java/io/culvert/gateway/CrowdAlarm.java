package io.culvert.gateway;

import io.culvert.flow.FlowTable;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;

/** Says in the log that the flow table is crowded, once a minute while it is. */
final class CrowdAlarm {
    private static final Logger LOG = LoggerFactory.getLogger(CrowdAlarm.class);
    private static final long PAUSE = Duration.ofMinutes(1).toNanos();

    private boolean crowded;
    private long saidAtNanos;

    /** Called now and then. */
    void look(FlowTable table, long nowNanos) {
        if (crowded && nowNanos - saidAtNanos < PAUSE) {
            return;
        }
        boolean now = table.isCrowded();
        if (now) {
            LOG.warn(
                    "The flow table is crowded: {} of {} flows (limits: flows). Flows that nobody"
                        + " answers end early (EARLY_DROP). `culvert flows` shows whose they are",
                    table.size(),
                    table.limits().flows());
            saidAtNanos = nowNanos;
        } else if (crowded) {
            LOG.info("The flow table is no longer crowded: {} flows", table.size());
        }
        crowded = now;
    }
}
