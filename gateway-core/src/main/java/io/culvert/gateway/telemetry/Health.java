package io.culvert.gateway.telemetry;

import io.culvert.gateway.Gateway;
import io.culvert.gateway.WorkerStatus;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Whether the gateway lives, and whether it takes new flows.
 *
 * <p>Threading: any.
 */
final class Health {
    /** How long workers have to answer, together. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private volatile Stage stage = Stage.STARTING;
    private volatile Optional<Gateway> gateway = Optional.empty();

    private enum Stage {
        STARTING,
        READY,
        DRAINING
    }

    /**
     * An answer.
     *
     * @param text a sentence
     */
    record Answer(boolean good, String text) {}

    /** Workers may be asked from now on. */
    void watch(Gateway started) {
        gateway = Optional.of(started);
    }

    /** The configuration is applied: devices are made and up, sockets bound. */
    void ready() {
        stage = Stage.READY;
    }

    /** From now on no flow is opened. */
    void draining() {
        stage = Stage.DRAINING;
    }

    /** Whether every worker gets round to an answer. */
    Answer liveness() {
        if (gateway.isEmpty()) {
            return new Answer(true, "starting");
        }
        List<Optional<WorkerStatus>> answers = Answers.within(PATIENCE, gateway.get().askStatus());
        List<String> stuck = new ArrayList<>();
        for (int i = 0; i < answers.size(); i++) {
            if (answers.get(i).isEmpty()) {
                stuck.add(Integer.toString(i));
            }
        }
        return stuck.isEmpty()
                ? new Answer(true, "ok")
                : new Answer(
                        false,
                        "no answer within "
                                + PATIENCE.toSeconds()
                                + " s from worker "
                                + String.join(", ", stuck));
    }

    /** Whether new flows are taken. */
    Answer readiness() {
        return switch (stage) {
            case STARTING -> new Answer(false, "starting");
            case READY -> new Answer(true, "ok");
            case DRAINING -> new Answer(false, "draining");
        };
    }
}
