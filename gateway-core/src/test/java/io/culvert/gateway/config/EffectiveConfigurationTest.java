package io.culvert.gateway.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

class EffectiveConfigurationTest {
    static List<Path> configurations() throws IOException {
        try (Stream<Path> examples = Files.list(Path.of("../examples"))) {
            return examples.filter(file -> file.toString().endsWith(".yaml")).sorted().toList();
        }
    }

    private static Configuration valid(String text) {
        return assertInstanceOf(
                        Loaded.Valid.class,
                        ConfigurationFile.read("it.yaml", text),
                        () -> ((Loaded.Invalid) ConfigurationFile.read("it.yaml", text)).text())
                .configuration();
    }

    private static String shown(String text) {
        valid(text);
        return EffectiveConfiguration.of("it.yaml", text).text();
    }

    /** Places are not part of what a configuration means. */
    private static List<Object> meaning(Configuration of) {
        return List.of(
                of.onramps(),
                of.offramps().stream().map(EffectiveConfigurationTest::withoutLine).toList(),
                of.policy().defaultAction(),
                of.policy().rules().stream().map(EffectiveConfigurationTest::withoutLine).toList(),
                of.limits(),
                of.timers(),
                of.midStream(),
                of.workers());
    }

    private static Object withoutLine(Object record) {
        return record.toString().replaceAll("line=\\d+", "");
    }

    @ParameterizedTest
    @MethodSource("configurations")
    void meansTheSameAsTheConfiguration(Path file) throws IOException {
        EffectiveConfiguration.Shown shown = EffectiveConfiguration.of(file);
        assertInstanceOf(Loaded.Valid.class, shown.loaded());
        assertEquals(
                meaning(valid(Files.readString(file))), meaning(valid(shown.text())), shown.text());
    }

    @Test
    void meansTheSameWithEveryKey() {
        String all = DefaultConfigurationTest.allLetIn();
        assertEquals(meaning(valid(all)), meaning(valid(shown(all))));
    }

    @Test
    void saysWhereEachValueIsFrom() {
        assertEquals(
                """
                onramps:
                  - name: branch                        # it.yaml:2
                    type: tun                           # it.yaml:2
                    tenant: acme                        # it.yaml:2
                    device: culv0                       # it.yaml:2
                    mtu: 1500                           # default
                    addresses: ["2001:db8::1/64"]       # it.yaml:3
                    capture: []                         # default
                    routes: []                          # default
                    strict-source: false                # default
                offramps: []                            # default
                policy:
                  default: deny                         # default
                  rules:
                    - name: rule 1                      # default, by its position
                      protocol: tcp                     # it.yaml:6
                      ports: [80, 8000-8100]            # it.yaml:6
                      do: upgrade                       # it.yaml:6
                      handler: relay                    # default
                      via: socket                       # default
                      log: false                        # default
                    - name: nono                        # it.yaml:7
                      do: deny                          # it.yaml:8
                      log: false                        # default
                      audit: false                      # default
                  audit: false                          # default
                  tests: []                             # default
                limits:
                  flows: 1000                           # it.yaml:9
                  flows-per-tenant: 1000                # default, lowered to flows
                  flows-per-second-per-tenant: 1000000  # default
                  slots-per-tenant: 1000                # it.yaml:9, lowered to flows-per-tenant
                  dials: 4096                           # default
                  dial-timeout: 10s                     # default
                  drain: 30s                            # default
                  relay-buffer: 256KiB                  # default
                timers:
                  tcp-established: 7440s                # default
                  tcp-transitory: 240s                  # default
                  udp: 5m                               # it.yaml:10
                  icmp: 60s                             # default
                forwarding:
                  mid-stream: true                      # default
                workers: 2                              # it.yaml:11
                telemetry:
                  tenants: 100                          # default
                tls:
                  client-certificates: required         # default
                  handshake-timeout: 10s                # default
                  expiry-warning: 14d                   # default
                  engine: auto                          # default
                resolver:
                  servers: []                           # default
                  timeout: 2s                           # default
                  cache: 10000                          # default
                  ttl-min: 1s                           # default
                  ttl-max: 1h                           # default
                  negative-ttl: 30s                     # default
                http:
                  header-timeout: 10s                   # default
                  request-timeout: 5m                   # default
                  minimum-rate: 240                     # default
                  minimum-rate-time: 30s                # default
                  idle-timeout: 1m                      # default
                  stream-timeout: 5m                    # default
                  response-timeout: 1m                  # default
                  upstream-idle-timeout: 30s            # default
                  upstream-idle: 256                    # default
                  header-size: 60KiB                    # default
                  header-count: 100                     # default
                  streams: 100                          # default
                  stream-window: 64KiB                  # default
                  connection-window: 1MiB               # default
                  via: true                             # default
                  forwarded: none                       # default
                  connect-ports: []                     # default
                  access-log-sample: 1                  # default
                  access-log-queries: false             # default
                  experimental-http3: false             # default
                  advertise-http3: false                # default
                """,
                shown(
                        """
                        onramps:
                          - { name: branch, type: tun, tenant: acme, device: culv0,
                              addresses: ["2001:db8::1/64"] }
                        policy:
                          rules:
                            - { protocol: tcp, ports: [80, 8000-8100], do: upgrade }
                            - { name: nono,
                                do: deny }
                        limits: { flows: 1000, slots-per-tenant: 2000 }
                        timers: { udp: 5m }
                        workers: 2
                        """));
    }

    @Test
    void saysThatTheWorkersAreOneForEachCore() {
        assertTrue(
                shown("onramps: []\n")
                        .matches("(?s).*workers: \\d+ +# default, one for each core\n.*"));
    }

    @Test
    void showsNoValueOfAKeyThatIsToBeKeptSecret() {
        String text =
                """
                plugins:
                  - jar: geo.jar
                    settings: { country: NL, Token: s3cret, inner: [{ password: [s3cret] }] }
                telemetry: { redact: [token, PASSWORD] }
                """;
        YamlTree tree = YamlTree.parse(text, new Errors()).orElseThrow();
        String shown = EffectiveConfiguration.text("it.yaml", tree, valid("onramps: []\n"));
        assertFalse(shown.contains("s3cret"), shown);
        assertTrue(
                shown.contains(
                        "settings: { country: NL, Token: \"***\", inner: [{ password: \"***\" }]"
                                + " }"),
                shown);
    }
}
