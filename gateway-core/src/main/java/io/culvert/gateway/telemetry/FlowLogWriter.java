package io.culvert.gateway.telemetry;

import io.culvert.gateway.telemetry.FlowLogFigures.Cause;
import io.culvert.gateway.telemetry.FlowLogFigures.Missing;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import tools.jackson.databind.ObjectMapper;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes lines of events and puts them into the file, many with a call. Says once in the log that it
 * cannot, and once that it can again.
 *
 * <p>Confined to the flow log's thread, but for {@link #told}.
 */
final class FlowLogWriter implements AutoCloseable {
    /** Lines written with a call at most. */
    static final int BATCH = 512;

    private static final Logger LOG = LoggerFactory.getLogger(FlowLogWriter.class);
    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final Duration PAUSE = Duration.ofMinutes(1);

    private final LogFile file;
    private final Path path;
    private final String start;
    private final FlowLogFigures figures;
    private final WallClock clock;
    private final ObjectMapper json = new ObjectMapper();
    private final ByteArrayOutputStream lines = new ByteArrayOutputStream();
    private final List<FlowEvent> events = new ArrayList<>(BATCH);
    private final int[] ends = new int[BATCH];
    private Missing told = Missing.NONE;
    private Instant looked = Instant.MIN;
    private Instant saidBehind = Instant.MIN;
    private IOException failure;
    private boolean failing;

    FlowLogWriter(LogFile file, Path path, String start, FlowLogFigures figures, WallClock clock) {
        this.file = file;
        this.path = path;
        this.start = start;
        this.figures = figures;
        this.clock = clock;
    }

    /** Takes an event, at most {@link #BATCH} between two calls of {@link #flush}. */
    void add(FlowEvent event) {
        line(
                switch (event) {
                    case FlowEvent.Opened opened -> FlowRecord.open(opened, start, clock);
                    case FlowEvent.Closed ended -> FlowRecord.close(ended, start, clock);
                    case FlowEvent.Refused refused -> FlowRecord.refused(refused, start, clock);
                });
        ends[events.size()] = lines.size();
        events.add(event);
    }

    private void line(Object record) {
        lines.writeBytes(json.writeValueAsBytes(record));
        lines.write('\n');
    }

    /** Writes what was added; whether there was anything. */
    boolean flush() {
        boolean any = !events.isEmpty();
        if (any) {
            int written = append(events.size());
            for (int i = 0; i < events.size(); i++) {
                if (i < written) {
                    figures.written(events.get(i));
                } else {
                    figures.missing(Cause.DISK);
                }
            }
            events.clear();
        }
        Instant now = clock.now();
        // Both ways, since the wall clock may be set back.
        if (Duration.between(looked, now).abs().compareTo(LOOK) >= 0) {
            looked = now;
            clock.look();
            follow();
            sayWhatIsMissing();
        }
        return any;
    }

    private int append(int count) {
        failure = null;
        int written =
                file.append(ByteBuffer.wrap(lines.toByteArray()), ends, count, e -> failure = e);
        lines.reset();
        sayState();
        return written;
    }

    private void sayState() {
        if (failure != null && !failing) {
            LOG.error(
                    "The flow log {} cannot be written: {}. Records are dropped and counted"
                            + " until it can; packets go on",
                    path,
                    Texts.reason(failure));
        } else if (failure == null && failing) {
            LOG.warn(
                    "The flow log {} can be written again; {} records could not be, so far",
                    path,
                    figures.missing().disk());
        }
        failing = failure != null;
    }

    private void follow() {
        try {
            file.follow();
        } catch (IOException e) {
            failure = e;
            sayState();
        }
    }

    /** A line with what is missing since the last such line. */
    private void sayWhatIsMissing() {
        Missing all = figures.missing();
        Missing since = all.minus(told);
        if (since.equals(Missing.NONE)) {
            return;
        }
        if (since.queue() > 0 && Duration.between(saidBehind, clock.now()).compareTo(PAUSE) > 0) {
            saidBehind = clock.now();
            LOG.warn(
                    "The flow log {} is written more slowly than flows come: {} records dropped"
                            + " so far",
                    path,
                    all.queue());
        }
        line(
                new LostRecord(
                        FlowRecord.VERSION,
                        "lost",
                        Times.text(clock.now()),
                        start,
                        since.queue(),
                        since.disk(),
                        since.rate(),
                        since.repeated()));
        ends[0] = lines.size();
        if (append(1) == 1) {
            told = all;
            figures.lostWritten();
        }
    }

    /** Says so where the end was not awaited. */
    void told(boolean ended) {
        if (!ended) {
            LOG.error("The flow log {} is not written to its end; the disk does not answer", path);
        }
    }

    @Override
    public void close() {
        sayWhatIsMissing();
        try {
            file.close();
        } catch (IOException e) {
            LOG.warn("The flow log {} could not be closed", path, e);
        }
    }
}
