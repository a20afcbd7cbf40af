package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.FlowListener;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Certificates are replaced while clients come and go: each handshake is done, with the one before
 * or the next, and after a while with the next alone. What cannot be used changes nothing. Whoever
 * is connected goes on.
 */
@Timeout(180)
class CertificateRotationTest {
    private static final int PORT = 8_443;
    private static final int COMING = 3;
    private static final int STAYING = 2;
    private static final Set<String> WELL = Set.of("GET 200", "POST 200");

    /** Files are looked at every 5 s, and read when they have been so for 5 s. */
    private static final Duration LOOKED_AT = Duration.ofSeconds(60);

    @TempDir private Path directory;

    private String settings(Topology topology, Family family, Certificates certificates) {
        return topology.onRamps(1500, "acme")
                + certificates.yaml()
                + """
                http: { upstream-idle-timeout: 1s }
                upstreams: [ { name: web, servers: ["%s:%d"] } ]
                policy: { rules: [ { do: upgrade, handler: http, tls: terminate, upstream: web } ] }
                """
                        .formatted(
                                family.isIpv6()
                                        ? "[" + family.server().getHostAddress() + "]"
                                        : family.server().getHostAddress(),
                                PORT);
    }

    /** Clients that come and go, and others that stay. */
    private record Clients(Certificates certificates, HttpLoad coming, HttpLoad staying)
            implements AutoCloseable {
        /**
         * Of both versions of IP: those that come are of the one, and those that stay of the other.
         */
        static Clients start(Topology topology, Family coming, Certificates certificates)
                throws IOException {
            Family staying = coming.isIpv6() ? Family.IPV4 : Family.IPV6;
            return new Clients(
                    certificates,
                    HttpLoad.start(COMING, false, opening(topology, coming, certificates)),
                    HttpLoad.start(STAYING, true, opening(topology, staying, certificates)));
        }

        private static HttpLoad.Opening opening(
                Topology topology, Family family, Certificates certificates) {
            InetSocketAddress to = family.server(PORT);
            return () -> certificates.over(topology.client().connect(family, to));
        }

        /** Waits until new clients are shown that one, and no other, any more. */
        void areShown(int number) throws Exception {
            Set<Integer> _ = certificates.shown();
            Eventually.holds(
                    "the new certificate alone",
                    LOOKED_AT,
                    () -> {
                        Set<Integer> shown = certificates.shown();
                        boolean its = shown.contains(number);
                        assertTrue(Set.of(number, number - 1).containsAll(shown), shown::toString);
                        return its && shown.size() == 1;
                    });
            stayWith(number);
        }

        /** What clients are shown is that one. */
        void stayWith(int number) throws Exception {
            coming.goesOn(2);
            Set<Integer> _ = certificates.shown();
            coming.goesOn(5);
            assertEquals(Set.of(number), certificates.shown());
            staying.goesOn(5);
        }

        void wereAllServed() throws Exception {
            for (HttpLoad load : List.of(coming, staying)) {
                Map<String, Long> _ = load.end();
                load.came(WELL);
            }
        }

        @Override
        public void close() throws IOException {
            coming.close();
            staying.close();
        }
    }

    /** As the files are looked at, which takes its time. */
    @Tag("abuse")
    @ParameterizedTest
    @EnumSource
    void filesThatChangeAreReadAndBrokenOnesAreNot(Family family) throws Exception {
        try (Topology topology = Topology.withoutGateway();
                HttpMember _ = HttpMember.on(topology.server(), family.server(), PORT)) {
            Certificates certificates = Certificates.in(directory, topology.server());
            topology.start(settings(topology, family, certificates), FlowListener.NONE);
            topology.routeClients();
            try (Footing footing = Footing.of(topology)) {
                try (Clients clients = Clients.start(topology, family, certificates)) {
                    clients.stayWith(1);
                    clients.areShown(certificates.replace());
                    certificates.spoil();
                    Eventually.equal(
                            1L,
                            "files that cannot be used",
                            () -> {
                                clients.stayWith(2);
                                return topology.gateway().tls().figures().failedReloads();
                            });
                    clients.areShown(certificates.replace());
                    clients.wereAllServed();
                }
                footing.isAsBefore();
            }
        }
    }

    private CulvertProcess command(Topology topology, String word, String... more)
            throws IOException {
        List<String> words = new ArrayList<>(List.of(word, "--control"));
        words.add(directory.resolve("control.sock").toString());
        words.addAll(List.of(more));
        return CulvertProcess.start(topology.gatewayHost(), words.toArray(String[]::new));
    }

    private List<String> reload(Topology topology, int status) throws Exception {
        try (CulvertProcess reload = command(topology, "reload")) {
            assertEquals(status, reload.exitStatus(), () -> reload.output() + "" + reload.errors());
            return status == 0 ? reload.output() : reload.errors();
        }
    }

    @ParameterizedTest
    @EnumSource(names = "IPV6")
    void reloadReadsThemAtOnceOrSaysWhyNot(Family family) throws Exception {
        try (Topology topology = Topology.withoutGateway();
                HttpMember _ = HttpMember.on(topology.server(), family.server(), PORT)) {
            Certificates certificates = Certificates.in(directory, topology.server());
            Path configuration = directory.resolve("edge.yaml");
            Files.writeString(configuration, settings(topology, family, certificates));
            try (CulvertProcess culvert = command(topology, "run", configuration.toString())) {
                culvert.awaitReady();
                topology.routeClients();
                try (Clients clients = Clients.start(topology, family, certificates)) {
                    clients.stayWith(1);

                    int next = certificates.replace();
                    assertEquals(List.of("reloaded: configuration number 2"), reload(topology, 0));
                    clients.stayWith(next);

                    certificates.spoil();
                    List<String> wrong = reload(topology, 2);
                    assertTrue(
                            wrong.getFirst().contains(certificates.certificate().toString()),
                            wrong::toString);
                    clients.stayWith(next);

                    int last = certificates.replace();
                    assertEquals(List.of("reloaded: configuration number 3"), reload(topology, 0));
                    clients.stayWith(last);
                    clients.wereAllServed();
                }
                assertTrue(culvert.isAlive());
                assertEquals(
                        List.of(),
                        culvert.errors().stream()
                                .filter(line -> line.contains("ERROR"))
                                // The files may be looked at while they are spoilt.
                                .filter(line -> !line.contains("those before stay in force"))
                                .toList());
            }
        }
    }
}
