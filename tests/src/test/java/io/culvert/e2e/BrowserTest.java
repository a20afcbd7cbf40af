package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;

/**
 * A browser behind the gateway: a page and what it is made of, a body up and down, and a WebSocket
 * on the connection of HTTP/2 that is there (RFC 8441).
 */
@Tag("abuse")
@Timeout(300)
class BrowserTest {
    private static final int SCRIPTS = 30;
    private static final int LENGTH = 2_000_000;
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    /** What the page says of itself, in the file that it stores. */
    private static final String PAGE =
            """
            <!DOCTYPE html><html><head><link rel="stylesheet" href="style.css"></head><body>
            <img src="image.svg"><script>let loaded = 0;</script>
            SCRIPTS
            <script>
            async function hash(bytes) {
              const sum = await crypto.subtle.digest("SHA-256", bytes);
              return Array.from(new Uint8Array(sum), b => b.toString(16).padStart(2, "0")).join("");
            }
            function echo(message) {
              return new Promise((resolve, reject) => {
                const socket = new WebSocket("wss://" + location.host + "/socket");
                socket.onopen = () => socket.send(message);
                socket.onmessage = event => resolve(event.data);
                socket.onerror = () => reject(new Error("WebSocket"));
              });
            }
            async function report() {
              const blob = await (await fetch("blob")).arrayBuffer();
              await fetch("copy", { method: "PUT", body: blob });
              const protocols = new Set(performance.getEntriesByType("resource")
                  .filter(e => e.name.startsWith(location.origin)).map(e => e.nextHopProtocol));
              return [loaded + " scripts",
                  getComputedStyle(document.body).color,
                  document.images[0].naturalWidth + " wide",
                  await hash(blob), [...protocols].join(","), await echo("hello")].join("\\n");
            }
            onload = () => report().catch(error => "" + error)
                .then(text => fetch("report", { method: "PUT", body: text }));
            </script></body></html>
            """;

    private static void page(Nginx nginx) throws Exception {
        StringBuilder scripts = new StringBuilder();
        for (int i = 0; i < SCRIPTS; i++) {
            Files.writeString(nginx.file("script" + i + ".js"), "loaded++;\n");
            scripts.append("<script src=\"script").append(i).append(".js\"></script>\n");
        }
        Files.writeString(nginx.file("index.html"), PAGE.replace("SCRIPTS", scripts));
        Files.writeString(nginx.file("style.css"), "body { color: rgb(1, 2, 3) }\n");
        Files.writeString(
                nginx.file("image.svg"),
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"77\" height=\"5\"></svg>\n");
        Files.write(nginx.file("blob"), new Content(3).bytes(LENGTH));
    }

    /** Starts it with a new profile, in which one authority more is trusted. */
    private static CulvertProcess browser(WebScene scene, String trusted, String url)
            throws Exception {
        Path home = Files.createDirectories(scene.file("home"));
        String store = "sql:" + Files.createDirectories(home.resolve(".pki/nssdb"));
        Tool.CERTUTIL.succeeds(scene.client(), "-d", store, "-N", "--empty-password");
        Tool.CERTUTIL.succeeds(
                scene.client(), "-d", store, "-A", "-t", "C,,", "-n", "test", "-i", trusted);
        String options =
                "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run"
                        + " --disable-background-networking --disable-component-update"
                        + " --disable-sync --disable-dev-shm-usage";
        return Tool.SHELL.start(
                scene.client(),
                "-c",
                "HOME=%s exec %s %s --user-data-dir=%s --host-resolver-rules='MAP %s %s' %s"
                        .formatted(
                                home,
                                Tool.CHROMIUM.path(),
                                options,
                                home.resolve("profile"),
                                WebScene.NAME,
                                scene.targetLiteral(),
                                url));
    }

    @ParameterizedTest(name = "{0}, {1}")
    @CsvSource({"IPV4, 443", "IPV6, 443", "IPV4, 8443", "IPV6, 8443"})
    void aPageIsAllThere(Family family, int port) throws Exception {
        try (WebScene scene = WebScene.open(new Journey(new TunSite(), Optional.empty(), family))) {
            Nginx nginx = scene.servers().nginx();
            page(nginx);
            String trusted = port == WebScene.INSPECTED ? scene.inspector() : scene.trusted();
            try (CulvertProcess browser =
                    browser(
                            scene,
                            trusted,
                            "https://%s:%d/index.html".formatted(WebScene.NAME, port))) {
                Path report = nginx.file("report");
                Eventually.holds(
                        "the page reports, and not " + browser.errors(),
                        PATIENCE,
                        () -> Files.exists(report) && Files.size(report) > 0);
                assertEquals(
                        String.join(
                                "\n",
                                SCRIPTS + " scripts",
                                "rgb(1, 2, 3)",
                                "77 wide",
                                HexFormat.of()
                                        .formatHex(
                                                MessageDigest.getInstance("SHA-256")
                                                        .digest(new Content(3).bytes(LENGTH))),
                                "h2",
                                "hello"),
                        Files.readString(report));
                assertEquals(1, scene.connections(port), "the WebSocket is on the same");
                assertEquals(-1, Files.mismatch(nginx.file("blob"), nginx.file("copy")));
            }
        }
    }
}
