package io.culvert.gateway.telemetry;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowListener;
import io.culvert.flow.NanoClock;
import io.culvert.flow.Tenant;
import io.culvert.gateway.telemetry.FlowLogFigures.Cause;
import io.culvert.hook.Reason;

import org.jctools.queues.atomic.MpscAtomicArrayQueue;

import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.locks.LockSupport;

/**
 * The log of flows: a line when one opens, one when it ends, one where one is refused.
 *
 * <pre>
 *   worker ──┐
 *   worker ──┼──► queue, bounded ──► writer's thread ──► file
 *   worker ──┘      '─ full: counted and dropped            '─ full: the same
 * </pre>
 *
 * <p>Workers put an object into a queue and go on, whatever becomes of the disk. What is missing is
 * counted by cause, and as soon as something can be written again a line says how much.
 *
 * <p>Threading: each worker tells of its own flows; {@link #close} from any thread.
 */
final class FlowLog implements FlowListener, AutoCloseable {
    /** What a burst may bring before the writer has its next turn: a closing gateway, say. */
    static final int QUEUE = 1 << 18;

    /** The writer's rest when there is nothing to write. */
    private static final long REST = Duration.ofMillis(20).toNanos();

    /** How long the end may take; the disk may be one that never answers. */
    private static final Duration FAREWELL = Duration.ofSeconds(5);

    private final MpscAtomicArrayQueue<FlowEvent> queue;
    private final RefusalFilter[] refusals;
    private final FlowLogFigures figures = new FlowLogFigures();
    private final NanoClock nanos;
    private final FlowLogWriter writer;
    private final Thread thread;
    private volatile boolean closed;

    private FlowLog(LogFile file, Path path, int workers, int capacity, NanoClock nanos) {
        this.nanos = nanos;
        queue = new MpscAtomicArrayQueue<>(capacity);
        refusals = RefusalFilter.forWorkers(workers);
        writer =
                new FlowLogWriter(
                        file, path, start(), figures, new WallClock(nanos, Clock.systemUTC()));
        thread = Thread.ofPlatform().name("flow-log").daemon().unstarted(this::run);
    }

    /**
     * Opens the file and begins to write.
     *
     * @throws IOException with a sentence for the operator
     */
    static FlowLog open(Path path, int workers) throws IOException {
        return open(path, workers, QUEUE, System::nanoTime);
    }

    static FlowLog open(Path path, int workers, int capacity, NanoClock nanos) throws IOException {
        try {
            FlowLog log = new FlowLog(LogFile.open(path), path, workers, capacity, nanos);
            log.thread.start();
            return log;
        } catch (IOException e) {
            throw new IOException(
                    "telemetry: cannot write the flow log " + path + ": " + Texts.reason(e), e);
        }
    }

    /** No other run of any gateway has the same. */
    private static String start() {
        byte[] random = new byte[8];
        new SecureRandom().nextBytes(random);
        return HexFormat.of().formatHex(random);
    }

    FlowLogFigures figures() {
        return figures;
    }

    @Override
    public void opened(Flow flow) {
        offer(new FlowEvent.Opened(flow));
    }

    @Override
    public void closed(Flow flow, Reason reason) {
        offer(new FlowEvent.Closed(flow, reason, nanos.nanoTime()));
    }

    @Override
    public void refused(FlowKey key, Tenant tenant, int worker, String decidedBy, Reason reason) {
        long now = nanos.nanoTime();
        switch (refusals[worker].of(key, reason, now)) {
            case RECORDED ->
                    offer(
                            new FlowEvent.Refused(
                                    key.copy(), tenant, worker, decidedBy, reason, now));
            case REPEATED -> figures.missing(Cause.REPEATED);
            case TOO_MANY -> figures.missing(Cause.RATE);
        }
    }

    private void offer(FlowEvent event) {
        if (!queue.offer(event)) {
            figures.missing(Cause.QUEUE);
        }
    }

    private void run() {
        while (!closed) {
            if (!write()) {
                LockSupport.parkNanos(REST);
            }
        }
        while (write()) {
            // What came before the end.
        }
        writer.close();
    }

    /** Whether there was anything. */
    private boolean write() {
        for (int i = 0; i < FlowLogWriter.BATCH; i++) {
            FlowEvent event = queue.poll();
            if (event == null) {
                break;
            }
            writer.add(event);
        }
        return writer.flush();
    }

    /** Writes what is there and ends. */
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
        try {
            boolean ended = thread.join(FAREWELL);
            writer.told(ended);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
