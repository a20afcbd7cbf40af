package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.config.SettingsText;
import io.culvert.gateway.plugin.HookChain;
import io.culvert.gateway.plugin.HookTimesRegistry;
import io.culvert.gateway.plugin.HttpQuestions;
import io.culvert.gateway.plugin.LoadedPlugin;
import io.culvert.gateway.plugin.PluginCode;
import io.culvert.gateway.plugin.PluginEntry;
import io.culvert.gateway.plugin.PluginHost;
import io.culvert.hook.Context;
import io.culvert.hook.Endpoint;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.Hooks;
import io.culvert.hook.Host;
import io.culvert.hook.HttpAnswer;
import io.culvert.hook.HttpFilter;
import io.culvert.hook.HttpHook;
import io.culvert.hook.HttpRequest;
import io.culvert.hook.HttpStage;
import io.culvert.hook.HttpSummary;
import io.culvert.hook.NoSettings;
import io.culvert.hook.Plugin;
import io.culvert.hook.Reason;
import io.culvert.hook.RequestVerdict;
import io.culvert.hook.ResponseVerdict;
import io.culvert.hook.TunnelInfo;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Plugins are asked about requests: the test is the client and the server. */
@SuppressWarnings("StringConcatToTextBlock") // The line ends are what matters.
class HttpHooksTest {
    private static final String GET = "GET /a HTTP/1.1\r\nHost: example.test\r\nX-One: 1\r\n\r\n";

    /** What a flow's hook knows. */
    private record User(String name) {}

    private ServerSocket server;
    private ProxyUnderTest proxy;
    private HookChain chain = HookChain.none();

    @BeforeEach
    void begin() throws IOException {
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        server.setSoTimeout(30_000);
        proxy =
                new ProxyUnderTest(
                        HttpSettings.DEFAULT,
                        new InetSocketAddress(
                                InetAddress.getLoopbackAddress(), server.getLocalPort()));
    }

    @AfterEach
    void end() throws IOException {
        proxy.close();
        server.close();
        assertEquals(0, proxy.live.get(), "every pick was released");
        chain.release();
        assertFalse(chain.retain(), "nobody else has the chain");
    }

    private Script accept() throws IOException {
        return new Script(server.accept());
    }

    /** A plugin with nothing but a hook for HTTP. */
    private record Code(String name, Hooks hooks) implements PluginCode, Plugin<NoSettings> {
        @Override
        public Plugin<?> plugin() {
            return this;
        }

        @Override
        public ClassLoader loader() {
            return HttpHooksTest.class.getClassLoader();
        }

        @Override
        public void close() {}

        @Override
        public String version() {
            return "1";
        }

        @Override
        public Class<NoSettings> settings() {
            return NoSettings.class;
        }

        @Override
        public Hooks start(NoSettings settings, Host host) {
            return hooks;
        }
    }

    private static LoadedPlugin plugin(
            String name, HttpFilter filter, HttpHook hook, boolean failsOpen) throws Exception {
        PluginEntry entry =
                new PluginEntry(
                        Path.of(name),
                        "",
                        new SettingsText("settings", "{}"),
                        Duration.ofMillis(300),
                        failsOpen,
                        Path.of(""));
        PluginHost host =
                (PluginHost)
                        Proxy.newProxyInstance(
                                HttpHooksTest.class.getClassLoader(),
                                new Class<?>[] {PluginHost.class},
                                (_, _, _) -> null);
        return LoadedPlugin.start(
                entry,
                new Code(name, Hooks.none().http(filter, hook)),
                host,
                new HookTimesRegistry());
    }

    private void use(LoadedPlugin... plugins) throws Exception {
        chain = HookChain.of(List.of(plugins), Set.of(), Set.of());
        Endpoint end = new Endpoint(InetAddress.getLoopbackAddress(), 1);
        FlowInfo flow =
                new FlowInfo(
                        "acme",
                        new TunnelInfo("lan", "", Map.of()),
                        FlowInfo.TCP,
                        end,
                        end,
                        Context.EMPTY.with(new User("alice")));
        proxy.hooks = Optional.of(new HttpQuestions(() -> chain, flow, _ -> Optional.empty()));
    }

    private void use(HttpHook hook) throws Exception {
        use(plugin("one", HttpFilter.ALL, hook, false));
    }

    @Test
    void changesARequestAndItsAnswer() throws Exception {
        BlockingQueue<HttpSummary> over = new LinkedBlockingQueue<>();
        use(
                new HttpHook() {
                    @Override
                    public RequestVerdict request(HttpRequest request) {
                        String user = request.context().get(User.class).orElseThrow().name();
                        return RequestVerdict.pass()
                                .fields(
                                        request.fields()
                                                .without("x-one")
                                                .with("X-User", user)
                                                .with("Content-Length", "99"))
                                .target("/b?c")
                                .watch(HttpStage.RESPONSE, HttpStage.END)
                                .with("note");
                    }

                    @Override
                    public ResponseVerdict response(HttpRequest request, HttpAnswer head) {
                        return ResponseVerdict.pass()
                                .fields(
                                        head.fields()
                                                .with(
                                                        "X-Note",
                                                        request.context()
                                                                .get(String.class)
                                                                .orElseThrow()));
                    }

                    @Override
                    public void over(HttpSummary summary) {
                        over.add(summary);
                    }
                });
        try (Script client = Script.connect(proxy.address())) {
            client.send(GET);
            try (Script origin = accept()) {
                assertEquals(
                        "GET /b?c HTTP/1.1\r\nHost: example.test\r\nX-User: alice\r\n"
                                + "via: 1.1 culvert\r\n\r\n",
                        origin.head());
                origin.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
                assertEquals(
                        "HTTP/1.1 200 OK\r\nX-Note: note\r\nvia: 1.1 culvert\r\n"
                                + "Content-Length: 5\r\n\r\n",
                        client.head());
                assertEquals("hello", client.read(5));
            }
        }
        HttpSummary summary = over.poll(15, TimeUnit.SECONDS);
        assertEquals(200, summary.status());
        assertEquals(5, summary.responseBytes());
        assertEquals("/b?c", summary.request().target());
    }

    @Test
    void answersByItselfAndKeepsTheConnection() throws Exception {
        use(
                request ->
                        request.path().equals("/a")
                                ? RequestVerdict.answer(HttpAnswer.text(418, "short and stout"))
                                : RequestVerdict.answer(
                                        HttpAnswer.redirect("https://example.test/")));
        try (Script client = Script.connect(proxy.address())) {
            client.send(GET);
            String head = client.head();
            assertTrue(head.startsWith("HTTP/1.1 418 "), head);
            assertTrue(head.contains("Content-Length: 15\r\n"), head);
            assertEquals("short and stout", client.read(15));
            client.send("GET /b HTTP/1.1\r\nHost: example.test\r\n\r\n");
            head = client.head();
            assertTrue(head.startsWith("HTTP/1.1 307 "), head);
            assertTrue(head.contains("location: https://example.test/\r\n"), head);
            assertTrue(head.contains("Content-Length: 0\r\n"), head);
        }
    }

    @Test
    void refusesWithTheReason() throws Exception {
        use(_ -> RequestVerdict.refuse("I do not like it"));
        try (Script client = Script.connect(proxy.address())) {
            client.send(GET);
            String head = client.head();
            assertTrue(head.startsWith("HTTP/1.1 403 "), head);
            assertTrue(head.contains("culvert-reason: HOOK_REFUSED\r\n"), head);
        }
    }

    @Test
    void costsOneRequestWhereItFails() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        use(
                request -> {
                    switch (request.path()) {
                        case "/throws" -> throw new IllegalStateException("on purpose");
                        case "/hangs" -> never.await();
                        case "/null" -> {
                            return null;
                        }
                        case "/nowhere" -> {
                            return RequestVerdict.pass().upstream("nobody");
                        }
                        case "/odd" -> {
                            return RequestVerdict.pass().target("no slash");
                        }
                        default -> {}
                    }
                    return RequestVerdict.answer(HttpAnswer.text(200, "ok"));
                });
        for (String path : List.of("throws", "hangs", "null", "nowhere", "odd")) {
            try (Script client = Script.connect(proxy.address())) {
                client.send("GET /" + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
                String head = client.head();
                Reason reason = path.equals("hangs") ? Reason.HOOK_TIMEOUT : Reason.HOOK_FAILED;
                assertTrue(head.startsWith("HTTP/1.1 503 "), path + head);
                assertTrue(head.contains("culvert-reason: " + reason + "\r\n"), path + head);
            }
        }
        try (Script client = Script.connect(proxy.address())) {
            client.send(GET);
            assertTrue(client.head().startsWith("HTTP/1.1 200 "));
        }
    }

    @Test
    void goesOnWithoutOneThatMayFailAndWithTheNext() throws Exception {
        use(
                plugin(
                        "broken",
                        HttpFilter.ALL,
                        _ -> {
                            throw new IOException("on purpose");
                        },
                        true),
                plugin(
                        "unasked",
                        HttpFilter.methods("POST"),
                        _ -> RequestVerdict.refuse("never"),
                        false),
                plugin(
                        "last",
                        HttpFilter.ALL,
                        request ->
                                RequestVerdict.pass().fields(request.fields().and("X-Last", "1")),
                        false));
        try (Script client = Script.connect(proxy.address())) {
            client.send(GET);
            try (Script origin = accept()) {
                String head = origin.head();
                assertTrue(head.contains("X-One: 1\r\nX-Last: 1\r\n"), head);
                origin.send("HTTP/1.1 204 No Content\r\n\r\n");
                assertTrue(client.head().startsWith("HTTP/1.1 204 "));
            }
        }
    }

    /** Collects a body, and refuses it at a word. */
    private static final class Scanner implements HttpHook {
        final StringBuilder read = new StringBuilder();
        final List<Boolean> lasts = new ArrayList<>();

        @Override
        public RequestVerdict request(HttpRequest request) {
            return RequestVerdict.pass().watch(HttpStage.REQUEST_BODY, HttpStage.RESPONSE_BODY);
        }

        @Override
        public synchronized Optional<String> requestBody(
                HttpRequest request, byte[] piece, boolean last) {
            return look(piece, last);
        }

        @Override
        public synchronized Optional<String> responseBody(
                HttpRequest request, byte[] piece, boolean last) {
            return look(piece, last);
        }

        private Optional<String> look(byte[] piece, boolean last) {
            read.append(new String(piece, StandardCharsets.ISO_8859_1));
            lasts.add(last);
            return read.indexOf("virus") < 0 ? Optional.empty() : Optional.of("a virus");
        }
    }

    @Test
    void readsBodiesPieceByPieceAndPassesThemOn() throws Exception {
        Scanner scanner = new Scanner();
        use(scanner);
        String body = "0123456789".repeat(50_000);
        try (Script client = Script.connect(proxy.address())) {
            Thread sender =
                    Thread.ofVirtual()
                            .start(
                                    () -> {
                                        try {
                                            client.send(
                                                    "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length:"
                                                            + " 500000\r\n\r\n"
                                                            + body);
                                        } catch (IOException e) {
                                            throw new AssertionError(e);
                                        }
                                    });
            try (Script origin = accept()) {
                assertTrue(origin.head().contains("Content-Length: 500000\r\n"));
                assertEquals(body, origin.read(500_000));
                origin.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
                origin.send("2\r\nhi\r\n0\r\nX-End: 1\r\n\r\n");
                client.head();
                assertEquals("2\r\nhi\r\n0\r\nX-End: 1\r\n\r\n", client.read(22));
            }
            sender.join();
        }
        assertEquals(body + "hi", scanner.read.toString());
        assertEquals(2, scanner.lasts.stream().filter(last -> last).count());
    }

    @Test
    void refusesABodyInItsMiddle() throws Exception {
        use(new Scanner());
        try (Script client = Script.connect(proxy.address())) {
            client.send("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
            try (Script origin = accept()) {
                origin.head();
                client.send("3\r\nabc\r\n");
                assertEquals("3\r\nabc\r\n", origin.read(8));
                client.send("5\r\nvirus\r\n0\r\n\r\n");
                String head = client.head();
                assertTrue(head.startsWith("HTTP/1.1 403 "), head);
                assertFalse(origin.rest().contains("virus"));
            }
        }
    }

    @Test
    void cutsAnAnswerOffInItsMiddle() throws Exception {
        use(new Scanner());
        try (Script client = Script.connect(proxy.address())) {
            client.send(GET);
            try (Script origin = accept()) {
                origin.head();
                origin.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc");
                client.head();
                assertEquals("abc", client.read(3));
                origin.send("a virus");
                assertFalse(client.rest().contains("virus"));
            }
        }
    }

    @Test
    void replacesAnAnswer() throws Exception {
        use(
                new HttpHook() {
                    @Override
                    public RequestVerdict request(HttpRequest request) {
                        return RequestVerdict.pass().watch(HttpStage.RESPONSE);
                    }

                    @Override
                    public ResponseVerdict response(HttpRequest request, HttpAnswer head) {
                        return head.status() == 500
                                ? ResponseVerdict.answer(HttpAnswer.text(502, "sorry"))
                                : ResponseVerdict.pass();
                    }
                });
        try (Script client = Script.connect(proxy.address())) {
            client.send(GET);
            try (Script origin = accept()) {
                origin.head();
                origin.send("HTTP/1.1 500 Oops\r\nContent-Length: 7\r\n\r\nsecrets");
                assertTrue(client.head().startsWith("HTTP/1.1 502 "));
                assertEquals("sorry", client.read(5));
            }
        }
    }

    @Test
    void asksAnotherServerOnceMore() throws Exception {
        use(
                new HttpHook() {
                    @Override
                    public RequestVerdict request(HttpRequest request) {
                        return RequestVerdict.pass().watch(HttpStage.RESPONSE);
                    }

                    @Override
                    public ResponseVerdict response(HttpRequest request, HttpAnswer head) {
                        return head.status() == 500
                                ? ResponseVerdict.retry()
                                : ResponseVerdict.pass();
                    }
                });
        try (Script client = Script.connect(proxy.address())) {
            client.send(GET);
            try (Script first = accept()) {
                first.head();
                first.send("HTTP/1.1 500 Oops\r\nContent-Length: 7\r\n\r\nsecrets");
                try (Script second = accept()) {
                    assertTrue(second.head().startsWith("GET /a "));
                    second.send("HTTP/1.1 500 Oops\r\nContent-Length: 5\r\n\r\nagain");
                    assertTrue(client.head().startsWith("HTTP/1.1 500 "));
                    assertEquals("again", client.read(5));
                }
            }
        }
    }
}
