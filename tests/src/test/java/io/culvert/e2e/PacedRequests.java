package io.culvert.e2e;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

/**
 * Clients that ask for a small page at a fixed pace over connections that they keep, and how long
 * each answer takes. The pace is fixed for the same reason as that of {@link LegitimateFlows}.
 */
final class PacedRequests implements AutoCloseable {
    private static final int CLIENTS = 10;
    private static final int PER_SECOND = 20;
    private static final long INTERVAL = 1_000_000_000L / PER_SECOND;
    private static final byte[] REQUEST =
            "GET /small HTTP/1.1\r\nHost: load.example\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    private final List<Socket> sockets = new ArrayList<>();
    private final LongAdder answers = new LongAdder();
    private final List<String> failures = new CopyOnWriteArrayList<>();
    private volatile List<Long> micros = new CopyOnWriteArrayList<>();
    private volatile boolean over;

    static PacedRequests start(Host client, Family family, InetSocketAddress to)
            throws IOException {
        PacedRequests requests = new PacedRequests();
        for (int i = 0; i < CLIENTS; i++) {
            Socket socket = HttpLoad.socket(client.connect(family, to));
            requests.sockets.add(socket);
            long first = System.nanoTime() + i * INTERVAL / CLIENTS;
            Thread.ofPlatform().daemon().start(() -> requests.ask(socket, first));
        }
        return requests;
    }

    private void ask(Socket socket, long first) {
        try {
            InputStream in = new BufferedInputStream(socket.getInputStream());
            for (long due = first; !over; due += INTERVAL) {
                long early = due - System.nanoTime();
                if (early > 0) {
                    LockSupport.parkNanos(early);
                }
                long begun = System.nanoTime();
                socket.getOutputStream().write(REQUEST);
                HttpLoad.Answer answer = HttpLoad.Answer.read(in);
                micros.add((System.nanoTime() - begun) / 1_000);
                answers.increment();
                if (!answer.outcome().equals("200")) {
                    failures.add(answer.outcome());
                }
                // What is late is left out, and not asked for all at once.
                due = Math.max(due, System.nanoTime() - INTERVAL);
            }
        } catch (IOException e) {
            if (!over) {
                failures.add(e.toString());
            }
        }
    }

    /** From now on answers count for {@link #percentile}. */
    void begin() {
        micros = new CopyOnWriteArrayList<>();
    }

    /** Waits for so many answers. */
    void goesOn(int count) throws Exception {
        long enough = answers() + count;
        Eventually.holds(
                "answers",
                Eventually.PATIENCE.multipliedBy(8),
                () -> answers() >= enough || !failures.isEmpty());
    }

    /** Microseconds that so many of a hundred answers have not taken longer than. */
    long percentile(int hundredths) {
        long[] sorted = micros.stream().mapToLong(Long::longValue).sorted().toArray();
        return sorted.length == 0 ? -1 : sorted[sorted.length * hundredths / 100];
    }

    /** What was answered otherwise, or not at all. */
    List<String> failures() {
        return failures;
    }

    long answers() {
        return answers.sum();
    }

    @Override
    public void close() throws IOException {
        over = true;
        for (Socket socket : sockets) {
            socket.close();
        }
    }

    @Override
    public String toString() {
        return answers + " answers, " + Arrays.toString(failures.toArray());
    }
}
