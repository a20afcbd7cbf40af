package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.tls.QuicAuthority;
import io.culvert.hook.Reason;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/** What becomes of streams of HTTP/3 by and by, before a server that a test plays itself. */
@Timeout(60)
class Http3StreamsTest {
    private static final String GET = ":method GET|:scheme https|:authority a|:path /";
    private static final String POST = ":method POST|:scheme https|:authority a|:path /";
    private static final int MIB = 1024 * 1024;

    /**
     * More than all that may wait on the way. That somebody is stopped is looked at once as much
     * has passed beside him, by the same loop: what is not stopped has passed by then as well.
     */
    private static final int MUCH = 16 * MIB;

    @TempDir private Path folder;

    private final ScriptedProxy behind = new ScriptedProxy();
    private final ProxyUnderTest proxy = behind.proxy();
    private QuicAuthority authority;
    private Channel socket;

    @BeforeEach
    void begin() throws Exception {
        authority = new QuicAuthority(folder, "a.example", "b.example");
        socket = proxy.datagrams(authority.tls());
    }

    @AfterEach
    void end() throws Exception {
        behind.close();
        authority.close();
    }

    private InetSocketAddress address() {
        return (InetSocketAddress) socket.localAddress();
    }

    private Http3Client connect() throws Exception {
        return Http3Client.connect(address(), authority.file(), "a.example");
    }

    @Test
    void informationalAnswersAndTrailersPass() throws Exception {
        try (Http3Client client = connect()) {
            Http3Client.Call call =
                    client.begin(POST + "|te trailers")
                            .data("ab".getBytes(StandardCharsets.US_ASCII))
                            .trailers("x-sum", "1");
            call.end();
            try (Script script = behind.accept()) {
                String head = script.head();
                assertTrue(head.contains("Transfer-Encoding: chunked"), head);
                assertEquals("2\r\nab\r\n0\r\nx-sum: 1\r\n\r\n", script.read(22));
                script.send("HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n")
                        .send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
                        .send("1\r\nz\r\n0\r\nx-end: 2\r\n\r\n");
                assertEquals("z", call.text());
                assertEquals(":status=103\nlink=x\n", call.heads().get(0));
                assertTrue(call.heads().get(1).contains(":status=200\n"));
                assertEquals("x-end=2\n", call.heads().get(2));
            }
        }
    }

    @Test
    void anAnswerToHeadHasALengthAndNoBody() throws Exception {
        try (Http3Client client = connect()) {
            Http3Client.Call call = client.ask(GET.replace("GET", "HEAD"));
            try (Script script = behind.accept()) {
                assertTrue(script.head().startsWith("HEAD / HTTP/1.1\r\n"));
                script.send("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n");
                assertEquals(0, call.body().length);
                assertTrue(call.head().contains("content-length=1000\n"));
            }
        }
    }

    @Test
    void aRequestThatIsGivenUpIsGivenUpWithTheServer() throws Exception {
        try (Http3Client client = connect()) {
            Http3Client.Call call =
                    client.begin(POST).data("ab".getBytes(StandardCharsets.US_ASCII));
            try (Script script = behind.accept()) {
                script.head();
                script.read(7);
                call.reset();
                assertFalse(script.rest().contains("0\r\n\r\n"));
            }
        }
        proxy.settle();
        assertEquals(1, proxy.proxy.refusals(Reason.HTTP_CLIENT_GONE));
    }

    @Test
    void anAnswerThatBreaksOffIsReset() throws Exception {
        try (Http3Client client = connect()) {
            Http3Client.Call call = client.ask(GET);
            try (Script script = behind.accept()) {
                script.head();
                script.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n123");
                call.head();
            }
            // H3_INTERNAL_ERROR.
            assertEquals("reset 0x102", call.ends());
        }
    }

    @Test
    void anAnswerBeforeTheRequestsEndIsWhole() throws Exception {
        try (Http3Client client = connect()) {
            Http3Client.Call call =
                    client.begin(POST).data("ab".getBytes(StandardCharsets.US_ASCII));
            try (Script script = behind.accept()) {
                script.head();
                script.send("HTTP/1.1 403 No\r\ncontent-length: 2\r\n\r\nno");
                assertEquals("no", call.text());
            }
            assertEquals("no", again(client));
        }
    }

    /** The connection serves on. */
    private String again(Http3Client client) throws Exception {
        Http3Client.Call call = client.ask(GET);
        try (Script script = behind.accept()) {
            script.head();
            script.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nno");
            return call.text();
        }
    }

    @Test
    void aClientThatDoesNotReadStopsTheServer() throws Exception {
        byte[] content = new byte[MUCH];
        new Random(7).nextBytes(content);
        AtomicInteger sent = new AtomicInteger();
        try (Http3Client client =
                        Http3Client.withWindow(
                                address(), authority.file(), "a.example", 64 * 1024);
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Http3Client.Call call = client.begin(GET);
            call.reads(false).end();
            try (Script script = behind.accept()) {
                script.head();
                Future<?> writer = threads.submit(() -> answer(script, content, sent));
                try (Http3Client other = connect()) {
                    Http3Client.Call passing = other.ask(GET);
                    try (Script meanwhile = behind.accept()) {
                        meanwhile.head();
                        Future<?> all =
                                threads.submit(
                                        () -> answer(meanwhile, content, new AtomicInteger()));
                        assertArrayEquals(content, passing.body());
                        all.get();
                    }
                }
                assertTrue(sent.get() < MUCH, () -> "sent by then: " + sent);
                int taken = proxy.serverBytesRead.get() - MUCH;
                assertTrue(taken < MUCH / 4, () -> "taken by then: " + taken);
                call.reads(true);
                assertArrayEquals(content, call.body());
                writer.get();
            }
        }
    }

    /** Answers with that, as fast as it is taken. */
    private static Void answer(Script script, byte[] content, AtomicInteger sent) throws Exception {
        script.send("HTTP/1.1 200 OK\r\ncontent-length: " + content.length + "\r\n\r\n");
        OutputStream out = script.socket.getOutputStream();
        for (int at = 0; at < content.length; at += MIB) {
            out.write(content, at, MIB);
            sent.addAndGet(MIB);
        }
        return null;
    }

    @Test
    void aServerThatDoesNotReadStopsTheClient() throws Exception {
        AtomicInteger left = new AtomicInteger();
        try (Http3Client client = connect()) {
            Http3Client.Call call = post(client, left);
            try (Script script = behind.accept()) {
                script.head();
                try (Http3Client other = connect()) {
                    Http3Client.Call passing = post(other, new AtomicInteger());
                    try (Script meanwhile = behind.accept()) {
                        meanwhile.head();
                        take(meanwhile, passing);
                    }
                }
                assertTrue(left.get() < MUCH, () -> "left by then: " + left);
                take(script, call);
            }
        }
    }

    private static Http3Client.Call post(Http3Client client, AtomicInteger left) throws Exception {
        byte[] piece = new byte[MIB];
        Http3Client.Call call = client.begin(POST + "|content-length " + MUCH);
        for (int i = 0; i < MUCH / MIB; i++) {
            call.data(piece).written().addListener(_ -> left.addAndGet(MIB));
        }
        call.end();
        return call;
    }

    /** Reads the whole request, and answers it. */
    private static void take(Script script, Http3Client.Call call) throws Exception {
        InputStream in = script.socket.getInputStream();
        in.skipNBytes(MUCH);
        script.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        assertTrue(call.head().contains(":status=200"));
    }

    @Test
    void aWebSocketPasses() throws Exception {
        try (Http3Client client = connect()) {
            Http3Client.Call call =
                    client.begin(
                            ":method CONNECT|:protocol websocket|:scheme https|:authority a"
                                    + "|:path /chat|sec-websocket-version 13");
            try (Script script = behind.accept()) {
                String request = script.head();
                assertTrue(request.startsWith("GET /chat HTTP/1.1\r\n"), request);
                assertTrue(request.contains("Upgrade: websocket\r\n"), request);
                String key = request.replaceAll("(?s).*Sec-WebSocket-Key: ([^\r]+)\r.*", "$1");
                script.send(
                        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                                + "Upgrade: websocket\r\nSec-WebSocket-Accept: "
                                + WebSocketKey.accept(key)
                                + "\r\n\r\nfirst");
                assertTrue(call.head().contains(":status=200\n"), call.head());
                call.data("second".getBytes(StandardCharsets.US_ASCII));
                assertEquals("second", script.read(6));
                call.end();
                assertEquals("", script.rest());
            }
            assertEquals("first", call.text());
        }
    }

    @Test
    void aDrainSaysGoodbyeAndLetsRequestsFinish() throws Exception {
        try (Http3Client client = connect()) {
            Http3Client.Call call = client.ask(GET);
            try (Script script = behind.accept()) {
                script.head();
                proxy.proxy.drain();
                assertEquals(4, client.goAway());
                script.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
                assertEquals("ok", call.text());
            }
            // H3_NO_ERROR.
            assertEquals(0x100, client.closed());
        }
        socket.closeFuture().sync();
    }

    @Test
    void aFlowWithoutConnectionsEnds() throws Exception {
        try (Http3Client client = connect()) {
            assertEquals("no", again(client));
        }
        socket.closeFuture().sync();
        assertEquals(0, links());
    }

    private int links() throws Exception {
        EventLoop loop = socket.eventLoop();
        CompletableFuture<Integer> links = new CompletableFuture<>();
        loop.execute(() -> links.complete(proxy.proxy.loop(loop).links()));
        return links.get();
    }

    @Test
    void whereManyHandshakesAreUnderWayAClientHasToShowThatItExists() throws Exception {
        EventLoop loop = socket.eventLoop();
        HttpLoop busy = proxy.proxy.loop(loop);
        loop.submit(
                        () -> {
                            while (!busy.hasManyHandshakes()) {
                                busy.handshakeBegins();
                            }
                        })
                .get();
        try (Http3Client client = connect()) {
            assertEquals("no", again(client));
        }
    }

    @Test
    void aConnectionHasTheCertificateForTheNameThatItAsksFor() throws Exception {
        for (String name : new String[] {"b.example", "a.example"}) {
            try (Http3Client client = Http3Client.connect(address(), authority.file(), name)) {
                assertEquals(
                        "CN=" + name + ",O=Acme",
                        client.certificate().getSubjectX500Principal().getName());
            }
        }
    }

    @Test
    void aCertificateThatWasRenewedIsShownToTheNext() throws Exception {
        try (Http3Client before = connect()) {
            var old = before.certificate();
            authority.renew("a.example", "RSA");
            try (Http3Client after = connect()) {
                assertFalse(old.equals(after.certificate()));
                assertEquals("RSA", after.certificate().getPublicKey().getAlgorithm());
            }
            assertEquals("no", again(before));
        }
    }
}
