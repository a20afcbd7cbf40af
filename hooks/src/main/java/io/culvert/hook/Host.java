package io.culvert.hook;

import java.nio.file.Path;
import java.time.InstantSource;

/** What the gateway gives a plugin. Threading: any. */
public interface Host {
    /** The time; in tests it stands until it is moved. */
    InstantSource clock();

    /** Where the plugin logs to, under its own name. */
    System.Logger log();

    /**
     * Makes a path of its settings absolute: they are relative to the configuration's directory.
     */
    Path resolve(Path path);
}
