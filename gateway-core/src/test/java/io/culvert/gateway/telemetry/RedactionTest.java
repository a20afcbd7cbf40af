package io.culvert.gateway.telemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;

import io.culvert.gateway.tunnel.TextContext;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

class RedactionTest {
    private static final Redaction REDACTION = Redaction.of(List.of("token", "pre-shared-key"));

    @AfterEach
    void logEverythingAgain() {
        Redaction.use(Redaction.of(List.of()));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "token=hunter2 | token=***",
                "TOKEN = hunter2 | TOKEN = ***",
                "{user=alice, token=hunter 2, x=y} | {user=alice, token=***, x=y}",
                "{\"token\": \"hunter\\\"2\", \"x\": 1} | {\"token\": ***, \"x\": 1}",
                "{\"token\":12, \"x\": 1} | {\"token\":***, \"x\": 1}",
                "token: 'hunter2' and more | token: *** and more",
                "token: \"hunter2 | token: ***",
                "pre-shared-key: aGVsbG8= | pre-shared-key: ***",
                "a-token=hunter2 | a-token=hunter2",
                "tokens=hunter2 | tokens=hunter2",
                "no token here | no token here",
            })
    void takesOutTheValuesOfItsKeys(String said, String shown) {
        assertEquals(shown, REDACTION.apply(said));
    }

    @Test
    void whatATunnelSaysIsNotPrinted() {
        String said =
                TextContext.parse(
                                ByteBuffer.wrap(
                                        "tenant=acme\ntoken=hunter2\nuser=alice\n"
                                                .getBytes(StandardCharsets.UTF_8)))
                        .toString();
        assertTrue(said.contains("hunter2"));
        assertFalse(REDACTION.apply(said).contains("hunter2"), REDACTION.apply(said));
        assertTrue(REDACTION.apply(said).contains("user=alice"), REDACTION.apply(said));
    }

    private static LoggingEvent event() {
        Logger logger = new LoggerContext().getLogger("io.culvert.gateway.Some");
        return new LoggingEvent(
                "",
                logger,
                Level.WARN,
                "A tunnel says {}",
                new IllegalStateException("{\"token\": \"hunter2\"}"),
                new Object[] {"{token=hun\"ter2\nnext, user=\"alice\"}"});
    }

    @Test
    void aLineOfJsonHasNoSecretAndIsOneLine() {
        Redaction.use(REDACTION);
        JsonEncoder encoder = new JsonEncoder();

        String line = new String(encoder.encode(event()), StandardCharsets.UTF_8);

        assertEquals(1, line.lines().count());
        assertFalse(line.contains("hun"), line);
        JsonNode json = new ObjectMapper().readTree(line);
        assertEquals("WARN", json.path("level").asString());
        assertEquals("io.culvert.gateway.Some", json.path("logger").asString());
        assertEquals(
                "A tunnel says {token=***\nnext, user=\"alice\"}", json.path("message").asString());
        assertTrue(json.path("exception").asString().contains("{\"token\": ***}"), line);
        assertTrue(json.path("time").asString().endsWith("Z"), line);
    }

    @Test
    void aLineOfTextHasNoSecret() {
        Redaction.use(REDACTION);
        LoggerContext context = new LoggerContext();
        TextEncoder encoder = new TextEncoder();
        encoder.setContext(context);
        encoder.setPattern("%-5level %msg%n%ex");
        encoder.start();

        String text = new String(encoder.encode(event()), StandardCharsets.UTF_8);

        assertTrue(text.startsWith("WARN  A tunnel says {token=***\nnext"), text);
        assertFalse(text.contains("hun"), text);
    }
}
