package io.culvert.gateway.telemetry;

import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;

import java.nio.charset.StandardCharsets;

/** The log's lines for people, as {@link LogConfigurator} says, without secrets. */
public final class TextEncoder extends PatternLayoutEncoder {
    @Override
    public byte[] encode(ILoggingEvent event) {
        return Redaction.current()
                .apply(getLayout().doLayout(event))
                .getBytes(StandardCharsets.UTF_8);
    }
}
