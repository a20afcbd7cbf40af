package com.example.geo;

import io.culvert.hook.Host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

/**
 * What a file holds, read again when it has changed. A reader gets what was there before until the
 * new is complete, and for ever where the new is wrong, which is logged. Threading: any.
 *
 * <p>Replace the file by rename(2), as {@code mv} does, and nobody reads half of it.
 */
final class WatchedFile<T> {
    /** Makes something of a file. */
    interface Reader<T> {
        T read(Path file) throws IOException;
    }

    /** By which two states of a file are told apart; rename brings another key. */
    private record State(Instant modified, long size, Object key) {
        static State of(Path file) throws IOException {
            BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
            return new State(now.lastModifiedTime().toInstant(), now.size(), now.fileKey());
        }
    }

    private final Path file;
    private final Duration interval;
    private final Host host;
    private final Reader<T> reader;
    private final AtomicReference<Instant> checked;
    private final AtomicBoolean reading = new AtomicBoolean();
    private volatile State state;
    private volatile T content;

    /**
     * Reads it for the first time.
     *
     * @param interval how often a change is looked for, when somebody asks for the content
     * @throws IOException as the reader's, whose message is for the operator
     */
    WatchedFile(Path file, Duration interval, Host host, Reader<T> reader) throws IOException {
        this.file = file;
        this.interval = interval;
        this.host = host;
        this.reader = reader;
        this.checked = new AtomicReference<>(host.clock().instant());
        this.state = State.of(file);
        this.content = reader.read(file);
    }

    /** Never waits for the file. */
    T current() {
        Instant now = host.clock().instant();
        Instant last = checked.get();
        if (!now.isBefore(last.plus(interval)) && checked.compareAndSet(last, now)) {
            // Ends by itself, so there is nothing to stop.
            Thread.startVirtualThread(this::refresh);
        }
        return content;
    }

    private void refresh() {
        // A file may take longer than the interval to read.
        if (!reading.compareAndSet(false, true)) {
            return;
        }
        try {
            State now = State.of(file);
            if (!now.equals(state)) {
                state = now;
                content = reader.read(file);
                host.log().log(System.Logger.Level.INFO, "read again: {0}", file);
            }
        } catch (IOException | RuntimeException wrong) {
            host.log()
                    .log(System.Logger.Level.WARNING, "keeps what it had: " + wrong.getMessage());
        } finally {
            reading.set(false);
        }
    }
}
