package io.culvert.flow;

/**
 * A clock that only moves forward, as {@link System#nanoTime}: its values mean something only
 * compared to each other.
 */
@FunctionalInterface
public interface NanoClock {
    long nanoTime();
}
