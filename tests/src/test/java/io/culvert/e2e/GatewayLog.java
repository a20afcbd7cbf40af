package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;

import org.slf4j.LoggerFactory;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * What gateways in this process log as an error while it is open. An exception that reaches a
 * worker's loop is logged, so where there is none nothing was thrown there.
 */
final class GatewayLog implements AutoCloseable {
    private final Logger logger = (Logger) LoggerFactory.getLogger("io.culvert");
    private final List<String> errors = new CopyOnWriteArrayList<>();
    private final AppenderBase<ILoggingEvent> appender =
            new AppenderBase<>() {
                @Override
                protected void append(ILoggingEvent event) {
                    if (event.getLevel().isGreaterOrEqual(Level.ERROR)) {
                        errors.add(
                                event.getFormattedMessage()
                                        + (event.getThrowableProxy() == null
                                                ? ""
                                                : ": " + event.getThrowableProxy().getClassName()));
                    }
                }
            };

    private GatewayLog() {
        appender.setContext(logger.getLoggerContext());
        appender.start();
        logger.addAppender(appender);
    }

    static GatewayLog open() {
        return new GatewayLog();
    }

    void showsNoFailure() {
        assertEquals(List.of(), errors);
    }

    @Override
    public void close() {
        logger.detachAppender(appender);
        appender.stop();
    }
}
