package io.culvert.hook;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;

/** What the gateway gives a plugin. Threading: any. */
public interface Host {
    /**
     * The time; in tests it stands until it is moved.
     *
     * @return real time in a gateway
     */
    InstantSource clock();

    /**
     * Where the plugin logs to, under its own name.
     *
     * @return its name is {@code plugin.} and the plugin's
     */
    System.Logger log();

    /**
     * Has something done again and again, on a virtual thread, never twice at once; the first time
     * after one period, by the {@link #clock}. A failure is logged, and it goes on. It ends before
     * {@link Plugin#stop}.
     *
     * @param period at least 100 ms
     * @param task may block; a period that passes meanwhile is left out
     * @throws IllegalArgumentException if the period is shorter
     */
    void every(Duration period, Task task);

    /** Something to do. */
    @FunctionalInterface
    interface Task {
        /**
         * Does it.
         *
         * @throws Exception is logged
         */
        void run() throws Exception;
    }

    /**
     * Makes a path of its settings absolute: they are relative to the configuration's directory.
     *
     * @param path relative or absolute
     * @return absolute; nobody has looked whether there is such a file
     */
    Path resolve(Path path);

    /**
     * Reads a file now, and again whenever it has changed. For what {@link Plugin#start} needs.
     *
     * @param <T> what is made of the file
     * @param file as of {@link #resolve}
     * @param interval how often a change is looked for, at least 100 ms
     * @param reader called on this thread, and later on those of {@link #every}
     * @return what the file holds
     * @throws IOException as the reader's of the first time; later ones are logged
     */
    default <T> WatchedFile<T> watch(Path file, Duration interval, WatchedFile.Reader<T> reader)
            throws IOException {
        return new WatchedFile<>(resolve(file), interval, this, reader);
    }
}
