package io.culvert.gateway.cli;

import io.culvert.gateway.Administration;
import io.culvert.gateway.config.TelemetrySettings;
import io.culvert.gateway.telemetry.AuditLog;
import io.culvert.gateway.telemetry.AuditLog.Actor;
import io.culvert.gateway.telemetry.AuditLog.Entry;

import java.io.IOException;
import java.time.Clock;
import java.util.Optional;

/**
 * What the audit log hears of a run's beginning and end. Who sends a signal is not known, so both
 * are this process's own doing.
 *
 * @param hash of the configuration that is started with
 */
record RunAudit(AuditLog log, String hash) {
    private static final String START = "start";
    private static final String STOP = "stop";
    private static final String BEGUN = "begun";
    private static final String DONE = "done";

    static RunAudit of(TelemetrySettings settings, String hash) {
        return new RunAudit(
                settings.auditLog().isPresent()
                        ? new AuditLog(settings.auditLog(), Clock.systemUTC())
                        : AuditLog.NONE,
                hash);
    }

    /** Nothing is changed yet; where this cannot be recorded nothing will be. */
    void starting() throws IOException {
        log.record(new Entry(Actor.self(), START, "", hash, BEGUN, ""));
    }

    void started() {
        log.note(new Entry(Actor.self(), START, "", hash, DONE, ""));
    }

    void failed(Exception why) {
        log.note(
                new Entry(
                        Actor.self(), START, "", hash, "failed", String.valueOf(why.getMessage())));
    }

    void stopping() {
        log.note(new Entry(Actor.self(), STOP, hash, hash, BEGUN, ""));
    }

    void stopped() {
        log.note(new Entry(Actor.self(), STOP, hash, "", DONE, ""));
    }

    /** As {@link Administration.Audit} has it. */
    void changed(
            Optional<Administration.Actor> by,
            String action,
            String before,
            String after,
            Administration.Result result,
            String detail) {
        Actor who = by.map(one -> new Actor(one.uid(), one.pid())).orElseGet(Actor::self);
        String word = result == Administration.Result.DONE ? DONE : "refused";
        log.note(new Entry(who, action, before, after, word, detail.strip()));
    }
}
