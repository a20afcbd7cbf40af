package io.culvert.gateway.telemetry;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.encoder.EncoderBase;

import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

import java.nio.charset.StandardCharsets;

/**
 * The log's lines for programs: a JSON object each. Logback has an encoder of its own, but takes
 * nothing out of messages, and whoever takes secrets out of JSON has to undo its escapes first.
 */
final class JsonEncoder extends EncoderBase<ILoggingEvent> {
    private final ObjectMapper json = new ObjectMapper();

    @Override
    public byte[] encode(ILoggingEvent event) {
        Redaction redaction = Redaction.current();
        ObjectNode line = json.createObjectNode();
        line.put("time", Times.text(event.getInstant()));
        line.put("level", event.getLevel().toString());
        line.put("logger", event.getLoggerName());
        line.put("thread", event.getThreadName());
        line.put("message", redaction.apply(Texts.wellFormed(event.getFormattedMessage())));
        if (event.getThrowableProxy() != null) {
            String trace = ThrowableProxyUtil.asString(event.getThrowableProxy());
            line.put("exception", redaction.apply(Texts.wellFormed(trace)));
        }
        return (json.writeValueAsString(line) + "\n").getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public byte[] headerBytes() {
        return new byte[0];
    }

    @Override
    public byte[] footerBytes() {
        return new byte[0];
    }
}
