package io.culvert.gateway.telemetry;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/**
 * What the flow log has recorded, and what it has not.
 *
 * <p>Threading: any.
 */
final class FlowLogFigures {
    private final AtomicLong opened = new AtomicLong();
    private final AtomicLong closed = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();
    private final AtomicLong lost = new AtomicLong();

    private final LongAdder queue = new LongAdder();
    private final LongAdder disk = new LongAdder();
    private final LongAdder rate = new LongAdder();
    private final LongAdder repeated = new LongAdder();

    /** Why a record is missing. */
    enum Cause {
        QUEUE,
        DISK,
        RATE,
        REPEATED
    }

    /** Records that are missing, by cause. */
    record Missing(long queue, long disk, long rate, long repeated) {
        static final Missing NONE = new Missing(0, 0, 0, 0);

        Missing minus(Missing other) {
            return new Missing(
                    queue - other.queue,
                    disk - other.disk,
                    rate - other.rate,
                    repeated - other.repeated);
        }
    }

    void missing(Cause cause) {
        (switch (cause) {
                    case QUEUE -> queue;
                    case DISK -> disk;
                    case RATE -> rate;
                    case REPEATED -> repeated;
                })
                .increment();
    }

    void written(FlowEvent event) {
        (switch (event) {
                    case FlowEvent.Opened _ -> opened;
                    case FlowEvent.Closed _ -> closed;
                    case FlowEvent.Refused _ -> refused;
                })
                .incrementAndGet();
    }

    void lostWritten() {
        lost.incrementAndGet();
    }

    Missing missing() {
        return new Missing(queue.sum(), disk.sum(), rate.sum(), repeated.sum());
    }

    void addTo(Snapshots page) {
        page.add(Series.FLOW_LOG_RECORDS, opened.get(), "open")
                .add(Series.FLOW_LOG_RECORDS, closed.get(), "close")
                .add(Series.FLOW_LOG_RECORDS, refused.get(), "refused")
                .add(Series.FLOW_LOG_RECORDS, lost.get(), "lost")
                .add(Series.FLOW_LOG_RECORDS_DROPPED, queue.sum(), "queue")
                .add(Series.FLOW_LOG_RECORDS_DROPPED, disk.sum(), "disk")
                .add(Series.FLOW_LOG_RECORDS_DROPPED, rate.sum(), "rate")
                .add(Series.FLOW_LOG_RECORDS_DROPPED, repeated.sum(), "repeated");
    }
}
