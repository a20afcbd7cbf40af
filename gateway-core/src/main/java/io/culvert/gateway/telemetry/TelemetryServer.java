package io.culvert.gateway.telemetry;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.ExpositionFormats;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * {@code /metrics}, {@code /livez} and {@code /readyz} over HTTP.
 *
 * <p>A page is made whole before its first byte is sent, so whoever reads slowly holds a page and a
 * virtual thread and nothing else; whoever takes longer than {@value #LONGEST_SECONDS} s to ask or
 * to read is cut off, and connections are bounded.
 *
 * <p>Threading: threads of its own; {@link #close} from any.
 */
final class TelemetryServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TelemetryServer.class);

    /** How long a request, and an answer, may take. */
    private static final int LONGEST_SECONDS = 30;

    private static final int MOST_CONNECTIONS = 200;
    private static final int BACKLOG = 64;
    private static final String PLAIN = "text/plain; charset=utf-8";

    private static final int OK = 200;
    private static final int NOT_FOUND = 404;
    private static final int NOT_ALLOWED = 405;
    private static final int FAILED = 500;
    private static final int UNAVAILABLE = 503;

    static {
        // The JDK's server reads these once, when its classes are initialised: module
        // jdk.httpserver, "Implementation Note".
        Map.of(
                        "sun.net.httpserver.maxReqTime", LONGEST_SECONDS,
                        "sun.net.httpserver.maxRspTime", LONGEST_SECONDS,
                        "jdk.httpserver.maxConnections", MOST_CONNECTIONS)
                .forEach(
                        (name, value) -> {
                            if (System.getProperty(name) == null) {
                                System.setProperty(name, Integer.toString(value));
                            }
                        });
    }

    private final HttpServer server;
    private final ExecutorService threads;
    private final PrometheusRegistry registry;
    private final Health health;
    private final ExpositionFormats formats = ExpositionFormats.init();

    private record Page(int status, String type, ByteArrayOutputStream body) {
        static Page plain(int status, String text) {
            ByteArrayOutputStream body = new ByteArrayOutputStream();
            body.writeBytes((text + "\n").getBytes(StandardCharsets.UTF_8));
            return new Page(status, PLAIN, body);
        }

        static Page of(Health.Answer answer) {
            return plain(answer.good() ? OK : UNAVAILABLE, answer.text());
        }
    }

    private TelemetryServer(HttpServer server, PrometheusRegistry registry, Health health) {
        this.server = server;
        this.registry = registry;
        this.health = health;
        threads =
                Executors.newThreadPerTaskExecutor(
                        Thread.ofVirtual().name("telemetry-", 0).factory());
    }

    /**
     * Binds the address and begins to serve.
     *
     * @throws IOException with a sentence for the operator
     */
    static TelemetryServer open(
            InetSocketAddress address, PrometheusRegistry registry, Health health)
            throws IOException {
        HttpServer server;
        try {
            server = HttpServer.create(address, BACKLOG);
        } catch (IOException e) {
            throw new IOException(
                    "telemetry: cannot listen on %s: %s (telemetry: listen names another)"
                            .formatted(text(address), reason(e)),
                    e);
        }
        TelemetryServer telemetry = new TelemetryServer(server, registry, health);
        server.setExecutor(telemetry.threads);
        server.createContext("/", telemetry::answer);
        server.start();
        return telemetry;
    }

    private static String text(InetSocketAddress address) {
        String host = address.getAddress().getHostAddress();
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + address.getPort();
    }

    private static String reason(IOException e) {
        String message = String.valueOf(e.getMessage());
        return message.contains("in use")
                ? "the address and port are taken by another program"
                : message;
    }

    private void answer(HttpExchange exchange) {
        try (exchange) {
            boolean head = exchange.getRequestMethod().equals("HEAD");
            Page page = page(exchange);
            exchange.getResponseHeaders().set("Content-Type", page.type());
            exchange.sendResponseHeaders(page.status(), head ? -1 : page.body().size());
            if (!head) {
                page.body().writeTo(exchange.getResponseBody());
            }
        } catch (IOException e) {
            LOG.debug("A scraper has gone before its answer", e);
        }
    }

    private Page page(HttpExchange exchange) {
        String method = exchange.getRequestMethod();
        if (!method.equals("GET") && !method.equals("HEAD")) {
            exchange.getResponseHeaders().set("Allow", "GET, HEAD");
            return Page.plain(NOT_ALLOWED, "only GET and HEAD");
        }
        return switch (exchange.getRequestURI().getPath()) {
            case "/metrics" -> metrics(exchange.getRequestHeaders().getFirst("Accept"));
            case "/livez" -> Page.of(health.liveness());
            case "/readyz" -> Page.of(health.readiness());
            case "/" -> Page.plain(OK, "/metrics\n/livez\n/readyz");
            case null, default -> Page.plain(NOT_FOUND, "there are /metrics, /livez and /readyz");
        };
    }

    private Page metrics(String accept) {
        // The protobuf format is left out of the program, and the library would choose it.
        ExpositionFormatWriter openMetrics = formats.getOpenMetricsTextFormatWriter();
        ExpositionFormatWriter writer =
                accept != null && openMetrics.accepts(accept)
                        ? openMetrics
                        : formats.getPrometheusTextFormatWriter();
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        try {
            writer.write(body, registry.scrape());
        } catch (IOException | RuntimeException e) {
            LOG.error("The metrics could not be collected", e);
            return Page.plain(FAILED, "the metrics could not be collected; see the log");
        }
        return new Page(OK, writer.getContentType(), body);
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
