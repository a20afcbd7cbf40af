package io.culvert.hook;

import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;

/** What the gateway gives a plugin. Threading: any. */
public interface Host {
    /** The time; in tests it stands until it is moved. */
    InstantSource clock();

    /** Where the plugin logs to, under its own name. */
    System.Logger log();

    /**
     * Has something done again and again, on a virtual thread, never twice at once; the first time
     * after one period, by the {@link #clock}. A failure is logged, and it goes on. It ends before
     * {@link Plugin#stop}.
     *
     * @param period at least 100 ms
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
     */
    Path resolve(Path path);
}
