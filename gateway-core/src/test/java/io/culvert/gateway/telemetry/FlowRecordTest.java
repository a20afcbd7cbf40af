package io.culvert.gateway.telemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.culvert.gateway.detect.Application;
import io.culvert.gateway.detect.Facts;

import org.junit.jupiter.api.Test;

import tools.jackson.databind.ObjectMapper;

import java.util.List;

class FlowRecordTest {
    private static String json(Facts facts) {
        return new ObjectMapper().writeValueAsString(FlowRecord.Content.of(facts));
    }

    @Test
    void whatAFlowSaidIsWrittenWithoutPathOrMethod() {
        assertEquals(
                "{\"application\":\"tls\",\"sni\":\"a.example\",\"alpn\":[\"h2\"]}",
                json(new Facts(Application.TLS, "a.example", List.of("h2"), 0x0304, "", "", "")));
        assertEquals(
                "{\"application\":\"quic\",\"quic_version\":\"0x6b3343cf\"}",
                json(new Facts(Application.QUIC, "", List.of(), 0x6b3343cf, "", "", "")));
        assertEquals(
                "{\"application\":\"http1\",\"host\":\"a.example\"}",
                json(
                        new Facts(
                                Application.HTTP1,
                                "",
                                List.of(),
                                0x0101,
                                "GET",
                                "a.example",
                                "/secret")));
        assertEquals("{\"application\":\"unknown\"}", json(Facts.NONE));
        assertNull(FlowRecord.Content.of(null));
    }
}
