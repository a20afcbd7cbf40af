package io.culvert.hook;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;

/**
 * What a file holds, read again when it has changed. A reader gets what was there before until the
 * new is complete, and for ever where the new is wrong, which is logged. Threading: any.
 *
 * <p>Replace the file by rename(2), as {@code mv} does, and nobody reads half of it.
 *
 * @param <T> what is made of the file; immutable, as many threads may have it
 */
public final class WatchedFile<T> {
    /**
     * Makes something of a file.
     *
     * @param <T> what it makes
     */
    @FunctionalInterface
    public interface Reader<T> {
        /**
         * Reads the whole file.
         *
         * @param file absolute
         * @return what is in it; not {@code null}
         * @throws IOException where it cannot be read, or is wrong; the message is for the operator
         */
        T read(Path file) throws IOException;
    }

    /** By which two states of a file are told apart; a rename brings another key. */
    private record State(Instant modified, long size, Object key) {
        static State of(Path file) throws IOException {
            BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
            return new State(now.lastModifiedTime().toInstant(), now.size(), now.fileKey());
        }
    }

    private final Path file;
    private final Host host;
    private final Reader<T> reader;
    private State state;
    private volatile T content;

    /** See {@link Host#watch}. */
    WatchedFile(Path file, Duration interval, Host host, Reader<T> reader) throws IOException {
        this.file = file;
        this.host = host;
        this.reader = reader;
        this.state = State.of(file);
        this.content = reader.read(file);
        host.every(interval, this::refresh);
    }

    /**
     * Never waits for the file.
     *
     * @return what the reader has made of it last
     */
    public T current() {
        return content;
    }

    /** The gateway logs what is thrown, and calls again after the next interval. */
    private void refresh() throws IOException {
        State now = State.of(file);
        if (!now.equals(state)) {
            // A wrong file is complained of once, not at every look.
            state = now;
            content = reader.read(file);
            host.log().log(System.Logger.Level.INFO, "read again: {0}", file);
        }
    }
}
