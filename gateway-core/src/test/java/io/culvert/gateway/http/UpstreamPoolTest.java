package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Connections that are kept move to the loop that wants one: clients are dealt to loops in turn.
 */
class UpstreamPoolTest {
    private static final int LOOPS = 4;
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final ScriptedProxy behind = ScriptedProxy.ofWorkers(LOOPS);
    private final ProxyUnderTest proxy = behind.proxy();

    @AfterEach
    void end() throws IOException {
        behind.close();
        threads.close();
    }

    private static void get(Script client, String path) throws IOException {
        client.send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    }

    private static void answered(Script client) throws IOException {
        assertTrue(client.head().startsWith("HTTP/1.1 200 "));
        assertEquals("ok", client.read(2));
    }

    @Test
    void oneConnectionServesAllLoopsInTurn() throws IOException {
        List<Script> clients = new ArrayList<>();
        try {
            for (int i = 0; i < LOOPS; i++) {
                clients.add(Script.connect(proxy.address()));
            }
            get(clients.getFirst(), "/first");
            try (Script origin = behind.accept()) {
                origin.head();
                origin.send(OK);
                answered(clients.getFirst());
                for (int i = 0; i < 3 * LOOPS; i++) {
                    Script client = clients.get((i + 1) % LOOPS);
                    get(client, "/" + i);
                    assertTrue(origin.head().startsWith("GET /" + i + " "));
                    origin.send(OK);
                    answered(client);
                }
            }
        } finally {
            for (Script client : clients) {
                client.close();
            }
        }
        assertEquals(1, proxy.proxy.connects());
        assertEquals(3 * LOOPS, proxy.proxy.moves());
        assertEquals(3 * LOOPS, proxy.proxy.reuses());
    }

    @Test
    void anotherIsDialedWhereTheServerHasClosedTheOneThatIsKept() throws IOException {
        try (Script first = Script.connect(proxy.address());
                Script second = Script.connect(proxy.address())) {
            get(first, "/first");
            try (Script origin = behind.accept()) {
                origin.head();
                origin.send(OK);
                answered(first);
            }
            get(second, "/second");
            try (Script origin = behind.accept()) {
                assertTrue(origin.head().startsWith("GET /second "));
                origin.send(OK);
                answered(second);
            }
        }
        assertEquals(0, proxy.proxy.refusals(Reason.UPSTREAM_CLOSED));
    }

    /** Answers every request of a connection by its target. */
    private static Void serve(Script origin) throws IOException {
        try (origin) {
            for (String head; (head = origin.head()).startsWith("GET "); ) {
                String target = head.substring(4, head.indexOf(" HTTP"));
                origin.send(
                        "HTTP/1.1 200 OK\r\nContent-Length: "
                                + target.length()
                                + "\r\n\r\n"
                                + target);
            }
        }
        return null;
    }

    /**
     * Fewer requests at once than there are loops, and so fewer connections, though every loop
     * wants one again and again.
     */
    @Test
    void everybodyGetsHisOwnAnswerWhileConnectionsMoveToAndFro() throws Exception {
        int atOnce = LOOPS - 1;
        int requests = 200;
        Future<Void> _ =
                threads.submit(
                        () -> {
                            while (!behind.server().isClosed()) {
                                Script origin = behind.accept();
                                Future<Void> _ = threads.submit(() -> serve(origin));
                            }
                            return null;
                        });
        List<Script> clients = new ArrayList<>();
        try {
            for (int i = 0; i < atOnce * LOOPS; i++) {
                clients.add(Script.connect(proxy.address()));
            }
            List<Callable<Integer>> all = new ArrayList<>();
            for (int i = 0; i < atOnce; i++) {
                List<Script> own = clients.subList(i * LOOPS, (i + 1) * LOOPS);
                String name = "/" + i + "/";
                all.add(() -> ask(own, name, requests));
            }
            int right = 0;
            for (Future<Integer> one : threads.invokeAll(all)) {
                right += one.get();
            }
            assertEquals(atOnce * requests, right);
        } finally {
            for (Script client : clients) {
                client.close();
            }
        }
        assertTrue(proxy.proxy.moves() > 0, "none has moved");
    }

    /** How many of so many requests, by clients in turn, were answered as they have to be. */
    private static int ask(List<Script> clients, String name, int requests) throws IOException {
        int right = 0;
        for (int i = 0; i < requests; i++) {
            Script client = clients.get(i % clients.size());
            String target = name + i;
            get(client, target);
            assertTrue(client.head().startsWith("HTTP/1.1 200 "));
            right += client.read(target.length()).equals(target) ? 1 : 0;
        }
        return right;
    }
}
