package io.culvert.gateway.demo;

import io.culvert.linux.NativeMemory;
import io.culvert.tun.NetworkNamespace;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Many requests, each with a connection of its own, some at once. */
record ShortRequests(Family family, int each, int atOnce) implements Scene {
    private static final int BUFFER = 4 * 1024;

    @Override
    public String title() {
        return Amounts.count((long) each * atOnce)
                + " requests, "
                + atOnce
                + " at once, over "
                + family;
    }

    @Override
    public String expectation() {
        return "the server's answer to every request";
    }

    @Override
    public String play(Stage stage) throws IOException {
        NetworkNamespace client = stage.client(Stage.ACME);
        long[] times = new long[each * atOnce];
        long start = System.nanoTime();
        ExecutorService clients =
                Executors.newFixedThreadPool(
                        atOnce, Thread.ofPlatform().daemon().name("demo-client-", 0).factory());
        try {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < atOnce; i++) {
                int first = i * each;
                all.add(
                        clients.submit(
                                () -> {
                                    ByteBuffer buffer = NativeMemory.allocate(BUFFER);
                                    for (int at = first; at < first + each; at++) {
                                        times[at] = ask(client, buffer);
                                    }
                                    return null;
                                }));
            }
            for (Future<?> one : all) {
                await(one);
            }
        } finally {
            clients.shutdown();
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        return Amounts.count(Math.round(times.length / seconds))
                + " a second, median "
                + Amounts.median(times)
                + ", slowest "
                + Amounts.time(Arrays.stream(times).max().orElseThrow());
    }

    /** Connects, asks, reads the answer; the time that took. */
    private long ask(NetworkNamespace client, ByteBuffer buffer) throws IOException {
        long start = System.nanoTime();
        try (Connection connection =
                Connection.tcp(client, family.server().address(), WebService.PORT)) {
            Http http = new Http(connection, buffer);
            http.writeHead("GET / HTTP/1.1", 0);
            Http.Head head = http.readHead();
            String text = http.readText(head.contentLength());
            if (!head.second().equals("200") || !text.startsWith("You come from ")) {
                throw new Surprise(head + " " + text);
            }
        }
        return System.nanoTime() - start;
    }

    private static void await(Future<?> one) throws IOException {
        try {
            one.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause().getMessage(), e.getCause());
        }
    }
}
