package io.culvert.gateway.telemetry;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.OutputStreamAppender;

import org.slf4j.LoggerFactory;

import java.util.Iterator;

/**
 * How the process's log looks, and how much there is of it; {@link LogConfigurator} says the rest.
 */
public final class Logs {
    private Logs() {}

    /**
     * Logs what is as grave as that and graver.
     *
     * @param level {@code error}, {@code warn}, {@code info}, {@code debug} or {@code trace}
     */
    public static void level(String level) {
        root().setLevel(Level.valueOf(level));
    }

    /** Logs a JSON object a line. */
    public static void asJson() {
        for (Iterator<Appender<ILoggingEvent>> all = root().iteratorForAppenders();
                all.hasNext(); ) {
            if (all.next() instanceof OutputStreamAppender<ILoggingEvent> stream) {
                JsonEncoder encoder = new JsonEncoder();
                encoder.setContext(stream.getContext());
                encoder.start();
                stream.stop();
                stream.setEncoder(encoder);
                stream.start();
            }
        }
    }

    private static Logger root() {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        return context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    }
}
