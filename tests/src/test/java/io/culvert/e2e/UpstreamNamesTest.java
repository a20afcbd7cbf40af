package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.FlowListener;
import io.culvert.gateway.control.ControlServer;
import io.culvert.gateway.upstream.GroupStatus;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Upstreams by name, with dnsmasq as the name server and nginx as the servers. */
@Timeout(60)
class UpstreamNamesTest {
    private static final String UPSTREAMS =
            """
            upstreams:
              - name: web
                servers: ["web.internal:8080"]
                health: { path: /small, interval: 200ms, rise: 1, fall: 1 }
              - name: nobody
                servers: ["nobody.internal:8080"]
            resolver: { servers: "127.0.0.1:5353", ttl-min: 0s }
            """;

    @TempDir private Path directory;

    private static List<String> servers(Topology topology, GroupStatus.State state) {
        return topology.gateway().upstreams().status().stream()
                .flatMap(group -> group.members().stream())
                .filter(server -> server.state() == state)
                .map(GroupStatus.MemberStatus::name)
                .sorted()
                .toList();
    }

    private CulvertProcess dnsmasq(Topology topology) throws Exception {
        return Tool.DNSMASQ.start(
                topology.gatewayHost(),
                "--no-daemon",
                "--conf-file=/dev/null",
                "--port=5353",
                "--listen-address=127.0.0.1",
                "--bind-interfaces",
                "--no-resolv",
                "--no-hosts",
                "--user=root",
                "--pid-file=" + directory.resolve("dnsmasq.pid"),
                "--local=/internal/",
                "--hostsdir=" + directory.resolve("hosts"));
    }

    @Test
    void serversAreThoseThatTheNameServerKnowsAndTheChecksFindWell() throws Exception {
        String server = Family.IPV4.server().getHostAddress();
        String named = "web.internal:8080/" + server;
        Files.createDirectories(directory.resolve("hosts"));
        Files.writeString(directory.resolve("hosts/web"), server + " web.internal\n");
        Path control = directory.resolve("control.sock");
        try (Topology topology = Topology.open(UPSTREAMS, FlowListener.NONE);
                ControlServer _ = ControlServer.open(control, topology.gateway())) {
            try (CulvertProcess _ = dnsmasq(topology)) {
                Eventually.equal(
                        List.of(named),
                        "down, since nobody listens there",
                        () -> servers(topology, GroupStatus.State.DOWN));
                try (Nginx _ = Nginx.on(topology.server(), directory)) {
                    Eventually.equal(
                            List.of(named),
                            "well",
                            () -> servers(topology, GroupStatus.State.HEALTHY));
                    List<String> table = listed(topology, control);
                    assertTrue(table.get(0).startsWith("UPSTREAM"), table::toString);
                    assertEquals(
                            "nobody           there is no name nobody.internal",
                            table.get(1),
                            table::toString);
                    assertTrue(
                            table.get(2).matches("web +" + named + " +healthy +1 .*"),
                            table::toString);
                    JsonNode json =
                            new ObjectMapper()
                                    .readTree(
                                            String.join("\n", listed(topology, control, "--json")));
                    assertEquals("healthy", json.at("/1/servers/0/state").asString());
                    assertTrue(json.at("/1/checks").asLong() > 0);
                }
            }
        }
    }

    private static List<String> listed(Topology topology, Path control, String... options)
            throws Exception {
        List<String> arguments =
                new ArrayList<>(List.of("upstreams", "--control", control.toString()));
        arguments.addAll(List.of(options));
        try (CulvertProcess command =
                CulvertProcess.start(topology.gatewayHost(), arguments.toArray(String[]::new))) {
            assertEquals(0, command.exitStatus(), () -> "" + command.errors());
            return command.output();
        }
    }
}
