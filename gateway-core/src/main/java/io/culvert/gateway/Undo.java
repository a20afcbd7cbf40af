package io.culvert.gateway;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * How to take back what has been done so far of something that is done as a whole or not at all.
 *
 * <p>Confined to one thread.
 */
final class Undo {
    private static final Logger LOG = LoggerFactory.getLogger(Undo.class);

    private final Deque<Step> steps = new ArrayDeque<>();

    /** Takes one thing back. */
    @FunctionalInterface
    interface Step {
        void run() throws Exception;
    }

    /** Something has been done that is taken back so. */
    void push(Step step) {
        steps.push(step);
    }

    /** Takes everything back, the last first. */
    void run() {
        while (!steps.isEmpty()) {
            try {
                steps.pop().run();
            } catch (Exception e) {
                LOG.error("Not all of a change that failed could be taken back", e);
            }
        }
    }
}
