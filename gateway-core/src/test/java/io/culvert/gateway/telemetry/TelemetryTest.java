package io.culvert.gateway.telemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.ClientNamespace;
import io.culvert.gateway.ConfigurationGeneration;
import io.culvert.gateway.Gateway;
import io.culvert.gateway.config.Configuration;
import io.culvert.gateway.config.TelemetrySettings;
import io.culvert.gateway.http.HttpSettings;
import io.culvert.gateway.tls.TlsSettings;
import io.culvert.gateway.upstream.GroupSettings;
import io.culvert.gateway.upstream.ServerSettings;
import io.culvert.gateway.upstream.dns.ResolverSettings;
import io.culvert.hook.Reason;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Metrics and health of a gateway, asked for as a scraper asks. */
@Timeout(60)
class TelemetryTest {
    private static final int PORT = 9464;

    private static ClientNamespace client;
    private static Gateway gateway;
    private static Telemetry telemetry;

    @BeforeAll
    static void start() throws IOException {
        client = ClientNamespace.open();
        Configuration configuration = configuration("127.0.0.1", PORT);
        telemetry = open(configuration);
        gateway = Gateway.start(configuration, client.surroundings(), telemetry.listener());
        telemetry.ready(gateway);
    }

    @AfterAll
    static void stop() {
        gateway.close();
        telemetry.close();
        client.close();
    }

    private static Configuration configuration(String address, int port) throws IOException {
        Configuration plain = client.configuration(Optional.empty());
        return new Configuration(
                plain.onramps(),
                plain.offramps(),
                plain.policy(),
                plain.limits(),
                plain.timers(),
                plain.midStream(),
                plain.plugins(),
                plain.workers(),
                new TelemetrySettings(
                        Optional.of(new InetSocketAddress(InetAddress.ofLiteral(address), port)),
                        100,
                        Optional.empty(),
                        Optional.empty(),
                        Set.of()),
                TlsSettings.NONE,
                List.of(new GroupSettings("api", List.of(new ServerSettings("127.0.0.1", 9, 1)))),
                ResolverSettings.DEFAULT,
                HttpSettings.DEFAULT);
    }

    private static Telemetry open(Configuration configuration) throws IOException {
        return Telemetry.open(
                configuration,
                "1.2.3",
                new ConfigurationGeneration("sha256:aa", Instant.ofEpochSecond(1_000)),
                AuditLog.NONE);
    }

    private static HttpResponse<String> ask(String method, String url, String... headers)
            throws Exception {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(url))
                        .method(method, HttpRequest.BodyPublishers.noBody());
        if (headers.length > 0) {
            request.headers(headers);
        }
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(request.build(), BodyHandlers.ofString());
        }
    }

    private static HttpResponse<String> get(String path) throws Exception {
        return ask("GET", "http://127.0.0.1:" + PORT + path);
    }

    private static List<String> metrics() throws Exception {
        HttpResponse<String> page = get("/metrics");
        assertEquals(200, page.statusCode(), page::body);
        return page.body().lines().toList();
    }

    @Test
    void everySeriesIsThereWithItsTypeAndHelp() throws Exception {
        List<String> page = metrics();
        for (Series series : Series.values()) {
            // The flow log is off, no off-ramp translates, no plugin is there to ask for times, no
            // rule is in audit mode, and there is no certificate.
            boolean absent =
                    series.title().startsWith("culvert_flow_log")
                            || series.title().startsWith("culvert_outside_ports")
                            || series.title().startsWith("culvert_policy")
                            || series.title().startsWith("culvert_hook")
                            || series.title().startsWith("culvert_tls_certificate_not");
            String type = "# TYPE " + series.title() + " ";
            assertEquals(
                    !absent, page.stream().anyMatch(line -> line.startsWith(type)), series.title());
        }
    }

    @Test
    void everyReasonIsALabelFromTheStart() throws Exception {
        List<String> page = metrics();
        for (Reason reason : Reason.values()) {
            for (Series series :
                    List.of(Series.PACKETS_DROPPED, Series.FLOWS_CLOSED, Series.FLOWS_REFUSED)) {
                String start = series.title() + "{reason=\"" + reason + "\"} ";
                assertTrue(page.stream().anyMatch(line -> line.startsWith(start)), start);
            }
        }
    }

    @Test
    void saysWhichBuildAndConfigurationItIs() throws Exception {
        List<String> page = metrics();
        String build =
                "culvert_build_info{java=\"%s\",version=\"1.2.3\"} 1".formatted(Runtime.version());
        assertTrue(page.contains(build), () -> build + " in " + page);
        assertTrue(page.contains("culvert_configuration_generation 1.0"));
        assertTrue(page.contains("culvert_configuration_last_reload_successful 1.0"));
        assertTrue(
                page.contains("culvert_configuration_last_reload_timestamp_seconds 1000.0"),
                page::toString);
        assertTrue(page.contains("culvert_flows_limit 1000000.0"));
        assertTrue(page.contains("culvert_worker_up{worker=\"0\"} 1.0"));
        assertTrue(page.stream().anyMatch(line -> line.startsWith("jvm_memory_used_bytes{")));
        assertTrue(page.stream().anyMatch(line -> line.startsWith("process_open_fds ")));
    }

    @Test
    void noNameIsThereTwice() throws Exception {
        List<String> series =
                metrics().stream()
                        .filter(line -> !line.startsWith("#"))
                        .map(line -> line.replaceFirst(" [^ ]*$", ""))
                        .toList();
        assertEquals(series.size(), series.stream().collect(Collectors.toSet()).size());
    }

    @Test
    void answersInTheFormatThatIsAskedFor() throws Exception {
        String prometheus =
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
                        + "encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;"
                        + "q=0.5,text/plain;version=0.0.4;q=0.4";
        HttpResponse<String> page =
                ask("GET", "http://127.0.0.1:" + PORT + "/metrics", "Accept", prometheus);

        assertEquals(200, page.statusCode());
        String type = page.headers().firstValue("Content-Type").orElseThrow();
        assertTrue(type.startsWith("application/openmetrics-text"), type);
        assertTrue(page.body().endsWith("# EOF\n"));
        assertTrue(
                get("/metrics")
                        .headers()
                        .firstValue("Content-Type")
                        .orElseThrow()
                        .startsWith("text/plain; version=0.0.4"));
    }

    @Test
    void livesAndIsReady() throws Exception {
        assertEquals("200 ok\n", get("/livez").statusCode() + " " + get("/livez").body());
        assertEquals("200 ok\n", get("/readyz").statusCode() + " " + get("/readyz").body());
    }

    @Test
    void isNotReadyBeforeTheStartAndWhileDraining() throws Exception {
        try (Telemetry other = open(configuration("::1", PORT))) {
            String url = "http://[::1]:" + PORT;
            assertEquals("starting\n", ask("GET", url + "/readyz").body());
            assertEquals(503, ask("GET", url + "/readyz").statusCode());
            assertEquals(200, ask("GET", url + "/livez").statusCode());
            assertEquals(200, ask("GET", url + "/metrics").statusCode());
            other.ready(gateway);
            assertEquals(200, ask("GET", url + "/readyz").statusCode());
            other.draining();
            assertEquals(503, ask("GET", url + "/readyz").statusCode());
            assertEquals("draining\n", ask("GET", url + "/readyz").body());
            assertEquals(200, ask("GET", url + "/livez").statusCode());
        }
    }

    @Test
    void answersNothingElse() throws Exception {
        assertEquals(404, get("/metricsx").statusCode());
        assertEquals(404, get("/metrics/").statusCode());
        assertEquals(200, get("/").statusCode());
        HttpResponse<String> post = ask("POST", "http://127.0.0.1:" + PORT + "/metrics");
        assertEquals(405, post.statusCode());
        assertEquals("GET, HEAD", post.headers().firstValue("Allow").orElseThrow());
        assertEquals("", ask("HEAD", "http://127.0.0.1:" + PORT + "/metrics").body());
    }

    @Test
    void saysInOneSentenceThatThePortIsTaken() throws IOException {
        Configuration taken = configuration("127.0.0.1", PORT);
        assertEquals(
                "telemetry: cannot listen on 127.0.0.1:9464: the address and port are taken by"
                        + " another program (telemetry: listen names another)",
                assertThrows(IOException.class, () -> open(taken)).getMessage());
    }

    @Test
    void whoeverNeverReadsKeepsNobodyWaiting() throws Exception {
        List<SocketChannel> rude = new ArrayList<>();
        byte[] request =
                "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
                        .repeat(2_000)
                        .getBytes(StandardCharsets.US_ASCII);
        try {
            for (int i = 0; i < 50; i++) {
                SocketChannel channel =
                        SocketChannel.open(
                                new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), PORT));
                rude.add(channel);
                channel.configureBlocking(false);
                // As much as goes; nothing is ever read.
                channel.write(ByteBuffer.wrap(request));
            }
            for (int i = 0; i < 10; i++) {
                assertEquals(200, get("/livez").statusCode());
                assertEquals(200, get("/metrics").statusCode());
            }
        } finally {
            for (SocketChannel channel : rude) {
                channel.close();
            }
        }
    }

    @Test
    void whoeverSendsHalfARequestKeepsNobodyWaiting() throws Exception {
        List<SocketChannel> slow = new ArrayList<>();
        try {
            for (int i = 0; i < 50; i++) {
                SocketChannel channel =
                        SocketChannel.open(
                                new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), PORT));
                slow.add(channel);
                channel.write(ByteBuffer.wrap("GET /metr".getBytes(StandardCharsets.US_ASCII)));
            }
            assertEquals(200, get("/metrics").statusCode());
        } finally {
            for (SocketChannel channel : slow) {
                channel.close();
            }
        }
    }
}
