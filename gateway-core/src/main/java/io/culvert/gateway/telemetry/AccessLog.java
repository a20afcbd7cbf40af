package io.culvert.gateway.telemetry;

import io.culvert.gateway.http.AccessLogSettings;
import io.culvert.gateway.http.Exchange;
import io.culvert.gateway.http.ExchangeListener;

import org.jctools.queues.atomic.MpscAtomicArrayQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import tools.jackson.databind.ObjectMapper;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

/**
 * The log of requests, written as the {@link FlowLog} is: workers put records into a bounded queue
 * and go on, whatever becomes of the disk; what does not fit is counted.
 *
 * <p>Threading: workers tell of their requests; {@link #close} from any thread.
 */
final class AccessLog implements ExchangeListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AccessLog.class);
    private static final int QUEUE = 1 << 16;
    private static final int BATCH = 512;
    private static final long REST = Duration.ofMillis(20).toNanos();
    private static final long LOOK = Duration.ofSeconds(1).toNanos();
    private static final Duration FAREWELL = Duration.ofSeconds(5);

    private final AccessLogSettings settings;
    private final LogFile file;
    private final Clock clock;
    private final MpscAtomicArrayQueue<AccessRecord> queue = new MpscAtomicArrayQueue<>(QUEUE);
    private final LongAdder written = new LongAdder();
    private final LongAdder missing = new LongAdder();
    private final ObjectMapper json = new ObjectMapper();
    private final ByteArrayOutputStream lines = new ByteArrayOutputStream();
    private final int[] ends = new int[BATCH];
    private final Thread thread;
    private volatile boolean closed;
    private boolean failing;
    private long looked;

    private AccessLog(AccessLogSettings settings, LogFile file, Clock clock) {
        this.settings = settings;
        this.file = file;
        this.clock = clock;
        looked = System.nanoTime();
        thread = Thread.ofPlatform().name("access-log").daemon().unstarted(this::run);
    }

    /**
     * Opens the file and begins to write.
     *
     * @throws IOException with a sentence for the operator
     */
    static AccessLog open(AccessLogSettings settings) throws IOException {
        Path path = settings.file().orElseThrow();
        try {
            AccessLog log = new AccessLog(settings, LogFile.open(path), Clock.systemUTC());
            log.thread.start();
            return log;
        } catch (IOException e) {
            throw new IOException(
                    "http: cannot write the access log " + path + ": " + Texts.reason(e), e);
        }
    }

    long written() {
        return written.sum();
    }

    /** Records that did not fit, or that the disk did not take. */
    long missing() {
        return missing.sum();
    }

    @Override
    public void over(Exchange exchange) {
        boolean well = exchange.reason() == null && exchange.status() < 500;
        int sample = well ? settings.sample() : 1;
        if (sample > 1 && ThreadLocalRandom.current().nextInt(sample) != 0) {
            return;
        }
        String time = Times.text(clock.instant());
        if (!queue.offer(AccessRecord.of(exchange, time, settings.queries(), sample))) {
            missing.increment();
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
        try {
            file.close();
        } catch (IOException e) {
            LOG.warn("The access log could not be closed", e);
        }
    }

    /** Whether there was anything. */
    private boolean write() {
        int count = 0;
        for (AccessRecord record; count < BATCH && (record = queue.poll()) != null; count++) {
            lines.writeBytes(json.writeValueAsBytes(record));
            lines.write('\n');
            ends[count] = lines.size();
        }
        if (count > 0) {
            boolean[] failed = {false};
            int taken =
                    file.append(
                            ByteBuffer.wrap(lines.toByteArray()),
                            ends,
                            count,
                            e -> {
                                failed[0] = true;
                                say(e);
                            });
            failing = failed[0];
            lines.reset();
            written.add(taken);
            missing.add(count - taken);
        }
        long now = System.nanoTime();
        if (now - looked >= LOOK) {
            looked = now;
            try {
                file.follow();
            } catch (IOException e) {
                say(e);
                failing = true;
            }
        }
        return count > 0;
    }

    private void say(IOException why) {
        if (!failing) {
            LOG.error(
                    "The access log cannot be written: {}. Records are dropped and counted until"
                            + " it can; requests go on",
                    Texts.reason(why));
        }
    }

    /** Writes what is there and ends. */
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
        try {
            if (!thread.join(FAREWELL)) {
                LOG.error("The access log is not written to its end; the disk does not answer");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
