package io.culvert.e2e;

import io.culvert.gateway.ConfigurationGeneration;
import io.culvert.gateway.config.Configuration;
import io.culvert.gateway.telemetry.AuditLog;
import io.culvert.gateway.telemetry.Telemetry;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/** A topology whose gateway logs its flows and is scraped from the server's host. */
final class Telling implements AutoCloseable {
    private static final int PORT = 9464;

    private final Topology topology;
    private final Family family;
    private final Telemetry telemetry;

    private Telling(Topology topology, Family family, Telemetry telemetry) {
        this.topology = topology;
        this.family = family;
        this.telemetry = telemetry;
    }

    /**
     * @param settings the configuration but for on-ramps and telemetry
     */
    static Telling open(Family family, Path flowLog, String settings) throws Exception {
        Topology topology = Topology.withoutGateway();
        topology.routeOffRamp();
        topology.gatewayHost().namespace().sysctl("net.ipv4.ping_group_range", "0 0");
        String yaml =
                topology.onRamps(1500, "acme")
                        + settings
                        + "telemetry: { listen: \"%s\", flow-log: %s }\n"
                                .formatted(address(family), flowLog);
        Configuration configuration = Topology.configuration(yaml);
        Telemetry telemetry =
                topology.gatewayHost()
                        .namespace()
                        .call(
                                () ->
                                        Telemetry.open(
                                                configuration,
                                                "test",
                                                new ConfigurationGeneration("", Instant.now()),
                                                AuditLog.NONE));
        topology.start(yaml, telemetry.listener());
        telemetry.ready(topology.gateway());
        topology.routeClients();
        return new Telling(topology, family, telemetry);
    }

    private static String address(Family family) {
        String address = family.gateway().getHostAddress();
        return (family.isIpv6() ? "[" + address + "]" : address) + ":" + PORT;
    }

    Topology topology() {
        return topology;
    }

    /** Values by series, as {@code name} or {@code name{label="value"}}. */
    Map<String, Long> scrape() throws Exception {
        URI uri = URI.create("http://" + address(family) + "/metrics");
        String page =
                topology.server()
                        .namespace()
                        .call(
                                () -> {
                                    // Its threads are born here, and so are its sockets.
                                    try (HttpClient http = HttpClient.newHttpClient()) {
                                        return http.send(
                                                        HttpRequest.newBuilder(uri).build(),
                                                        BodyHandlers.ofString())
                                                .body();
                                    } catch (InterruptedException e) {
                                        throw new IOException(e);
                                    }
                                });
        Map<String, Long> values = new HashMap<>();
        page.lines()
                .filter(line -> !line.startsWith("#"))
                .forEach(
                        line -> {
                            int space = line.lastIndexOf(' ');
                            values.put(
                                    line.substring(0, space),
                                    (long) Double.parseDouble(line.substring(space + 1)));
                        });
        return values;
    }

    /** Ends the gateway and then its log, which is whole from then on. */
    void end() {
        topology.gateway().close();
        telemetry.close();
    }

    @Override
    public void close() throws IOException {
        topology.close();
        telemetry.close();
    }
}
