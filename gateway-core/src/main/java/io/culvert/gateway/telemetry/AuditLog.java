package io.culvert.gateway.telemetry;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Every administrative action as a JSON line: when, who, what, the configuration before and after,
 * and what came of it. The file is opened for each record, of which there are few, so it may be
 * moved away at any time; a record is on the disk when {@link #record} returns.
 *
 * <pre>
 *   {"version":1,"time":"2026-11-21T20:15:00.123Z","action":"apply","uid":0,"pid":4711,
 *    "configuration_before":"sha256:...","configuration_after":"sha256:...",
 *    "result":"done","detail":""}
 * </pre>
 *
 * <p>Threading: any; one record at a time.
 */
public final class AuditLog {
    /** Nobody keeps one. */
    public static final AuditLog NONE = new AuditLog(Optional.empty(), Clock.systemUTC());

    private static final Logger LOG = LoggerFactory.getLogger(AuditLog.class);
    private static final int VERSION = 1;

    private final Optional<Path> path;
    private final Clock clock;
    private final ObjectMapper json = new ObjectMapper();
    private final AtomicLong failures = new AtomicLong();

    /** Of a path; nothing is opened until there is something to record. */
    public AuditLog(Optional<Path> path, Clock clock) {
        this.path = path;
        this.clock = clock;
    }

    /**
     * Who acts.
     *
     * @param uid user, as SO_PEERCRED of unix(7) tells it
     * @param pid process
     */
    public record Actor(int uid, int pid) {
        /** This process: what is done by a signal, or at the start. */
        public static Actor self() {
            int uid;
            try {
                uid = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
            } catch (IOException e) {
                uid = -1;
            }
            return new Actor(uid, (int) ProcessHandle.current().pid());
        }
    }

    /**
     * What was done.
     *
     * @param action a word: {@code start}, {@code stop}, {@code apply}, ...
     * @param before the hash of the configuration in force before; empty for none
     * @param after the same afterwards
     * @param result a word: {@code done} or {@code refused}
     * @param detail a sentence where there is more to say; may be empty
     */
    public record Entry(
            Actor who, String action, String before, String after, String result, String detail) {}

    /**
     * Keeps a record. For what must not be done where it cannot be recorded.
     *
     * @throws IOException with a sentence for the operator
     */
    public synchronized void record(Entry entry) throws IOException {
        if (path.isEmpty()) {
            return;
        }
        ObjectNode line = json.createObjectNode();
        line.put("version", VERSION);
        line.put("time", Times.text(clock.instant()));
        line.put("action", entry.action());
        line.put("uid", entry.who().uid());
        line.put("pid", entry.who().pid());
        line.put("configuration_before", entry.before());
        line.put("configuration_after", entry.after());
        line.put("result", entry.result());
        line.put("detail", Texts.wellFormed(entry.detail()));
        try {
            append(path.get(), json.writeValueAsString(line) + "\n");
        } catch (IOException e) {
            failures.incrementAndGet();
            throw new IOException(
                    "cannot write the audit log " + path.get() + ": " + Texts.reason(e), e);
        }
    }

    /** Keeps a record of what is done already: where that fails it is said in the log. */
    public void note(Entry entry) {
        try {
            record(entry);
        } catch (IOException e) {
            LOG.error("{}; not recorded: {} {}", e.getMessage(), entry.action(), entry.result(), e);
        }
    }

    /** Records that could not be written. */
    public long failures() {
        return failures.get();
    }

    private static void append(Path path, String line) throws IOException {
        try (FileChannel channel =
                FileChannel.open(
                        path,
                        Set.of(StandardOpenOption.CREATE, StandardOpenOption.APPEND),
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rw-r-----")))) {
            long before = channel.size();
            ByteBuffer bytes = ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8));
            try {
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            } catch (IOException e) {
                // Half a line would spoil the next one.
                if (bytes.position() > 0) {
                    channel.truncate(before);
                }
                throw e;
            }
        }
    }
}
