package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/**
 * Requests in absolute form (RFC 9112 section 3.2.2), as clients send them to a proxy: the name in
 * them takes the place of Host, and leads nowhere else than the flow goes.
 */
@SuppressWarnings("StringConcatToTextBlock") // The line ends are what matters.
@Timeout(60)
class AbsoluteFormTest {
    @TempDir private Path directory;

    private static String settings(String onRamp) {
        return "onramps:\n"
                + FrontDoor.onRamp(onRamp)
                + """
                policy:
                  rules:
                    - { name: banned, http: { host: banned.example }, do: reject }
                    - { name: web, protocol: tcp, ports: [7000, 8080], do: upgrade, handler: http }
                """;
    }

    private static String target(Family family) {
        return "target: \"" + FrontDoor.at(family.server(), Nginx.PORT) + "\"";
    }

    /** As curl asks a proxy. */
    private static Tool.Result ask(FrontDoor door, Family family, String url) throws Exception {
        return door.curl(
                "--proxy",
                FrontDoor.url(family, ""),
                "-w",
                "%{http_code} %header{culvert-reason}\n",
                url);
    }

    @ParameterizedTest
    @EnumSource
    void theyGoToTheFlowsTargetAndTheirNameIsTheHost(Family family) throws Exception {
        try (FrontDoor door = FrontDoor.open(settings(target(family)));
                Nginx _ = Nginx.on(door.topology.server(), directory)) {
            Tool.Result result = ask(door, family, "http://elsewhere.example:81/address");

            assertTrue(
                    result.output().getFirst().endsWith(" elsewhere.example:81"), result::toString);
            assertEquals("200 ", result.output().getLast(), result::toString);
            assertEquals("web", door.log.ended(Nginx.PORT).flow().decision().decidedBy());
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatTheClientSaysOfTheHostBesidesDoesNotCount(Family family) throws Exception {
        try (FrontDoor door = FrontDoor.open(settings(target(family)));
                Nginx _ = Nginx.on(door.topology.server(), directory);
                SocketChannel client = door.connect(family)) {
            FrontDoor.write(
                    client,
                    "GET https://elsewhere.example/address HTTP/1.1\r\n"
                            + "Host: other.example\r\nConnection: close\r\n\r\n");
            String answer = FrontDoor.read(client, 10_000);
            assertTrue(answer.startsWith("HTTP/1.1 200 OK\r\n"), answer);
            assertTrue(answer.endsWith(" elsewhere.example\n"), answer);
        }
    }

    @ParameterizedTest
    @EnumSource
    void rulesAreAskedAboutTheirName(Family family) throws Exception {
        try (FrontDoor door = FrontDoor.open(settings(target(family)));
                Nginx _ = Nginx.on(door.topology.server(), directory);
                SocketChannel client = door.connect(family)) {
            FrontDoor.write(
                    client, "GET http://a.example/small HTTP/1.1\r\nHost: banned.example\r\n\r\n");
            assertEquals("HTTP/1.1 200 OK\r\n", FrontDoor.readLine(client));
            FrontDoor.write(
                    client,
                    "GET http://banned.example/small HTTP/1.1\r\nHost: a.example\r\n"
                            + "Connection: close\r\n\r\n");
            String rest = FrontDoor.read(client, 10_000);
            assertTrue(rest.contains("\nhello\nHTTP/1.1 403 Forbidden\r\n"), rest);
            assertTrue(rest.contains("\r\nculvert-reason: POLICY_RULE\r\n"), rest);
        }
    }

    /** It is no proxy for anybody: CONNECT is how to ask for that. */
    @ParameterizedTest
    @EnumSource
    void withoutATargetTheyLeadNowhere(Family family) throws Exception {
        try (FrontDoor door = FrontDoor.open(settings(""));
                Nginx _ = Nginx.on(door.topology.server(), directory)) {
            String server = "http://" + FrontDoor.at(family.server(), Nginx.PORT) + "/small";
            Tool.Result result = ask(door, family, server);
            assertEquals("503 LOOP", result.output().getLast(), result::toString);
        }
    }
}
