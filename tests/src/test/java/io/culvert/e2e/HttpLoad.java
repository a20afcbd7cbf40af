package io.culvert.e2e;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Clients with a connection each, which they keep for as long as they may, that ask for one thing
 * after another and look at every answer. In turn a request is a GET and a POST, whose body has to
 * come back. What came of each is counted under a few words: {@code GET 200}, {@code POST 502
 * UPSTREAM_CLOSED}, and {@code GET broken} where no whole answer came.
 */
final class HttpLoad implements AutoCloseable {
    /** Bytes of each answer. */
    static final int BODY = 20_000;

    private static final int SILENCE_MILLIS = 60_000;

    /** Apart, so that no two clients ask for the same. */
    private static final int NUMBERS = 1_000_000;

    private final Opening opening;
    private final List<Thread> threads = new ArrayList<>();
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final Map<String, AtomicLong> outcomes = new ConcurrentSkipListMap<>();
    private final List<String> wrong = new CopyOnWriteArrayList<>();
    private final boolean keeps;
    private volatile IOException last;
    private volatile Promise promise = (_, _) -> true;
    private volatile boolean over;

    /** Makes connections. */
    @FunctionalInterface
    interface Opening {
        Socket open() throws IOException;
    }

    /** What may come of a request. */
    @FunctionalInterface
    interface Promise {
        /**
         * @param number of the request: an even one is a GET
         * @param outcome a few words, see above
         */
        boolean holds(int number, String outcome);
    }

    private HttpLoad(Opening opening, boolean keeps) {
        this.opening = opening;
        this.keeps = keeps;
    }

    static HttpLoad start(int clients, Host host, Family family, InetSocketAddress to) {
        return start(clients, true, () -> socket(host.connect(family, to)));
    }

    /**
     * @param keeps whether connections are used for more than one request
     */
    static HttpLoad start(int clients, boolean keeps, Opening opening) {
        HttpLoad load = new HttpLoad(opening, keeps);
        for (int i = 0; i < clients; i++) {
            int first = i * NUMBERS;
            load.threads.add(
                    Thread.ofPlatform()
                            .daemon()
                            .name("http load " + i)
                            .start(() -> load.ask(first)));
        }
        return load;
    }

    static Socket socket(SocketChannel channel) throws IOException {
        Socket socket = channel.socket();
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(SILENCE_MILLIS);
        return socket;
    }

    private void ask(int first) {
        Socket socket = null;
        InputStream in = null;
        for (int number = first; !over; number++) {
            boolean post = number % 2 == 1;
            String method = post ? "POST " : "GET ";
            String outcome;
            try {
                if (socket == null) {
                    socket = opening.open();
                    sockets.add(socket);
                    in = new BufferedInputStream(socket.getInputStream());
                }
                send(socket.getOutputStream(), post, number);
                Answer answer = Answer.read(in);
                outcome = method + answer.outcome();
                if (answer.status() == 200
                        && !answer.body()
                                .equals(ByteBuffer.wrap(new Content(number).bytes(BODY)))) {
                    wrong.add(method + number + ": another body");
                }
                if (answer.ends() || !keeps) {
                    socket = forget(socket);
                }
            } catch (IOException e) {
                if (over) {
                    break;
                }
                outcome = method + (socket == null ? "unconnected" : "broken");
                last = e;
                socket = forget(socket);
            }
            outcomes.computeIfAbsent(outcome, _ -> new AtomicLong()).incrementAndGet();
            if (!promise.holds(number, outcome)) {
                wrong.add(number + ": " + outcome);
            }
        }
        Socket _ = forget(socket);
    }

    private Socket forget(Socket socket) {
        if (socket != null) {
            sockets.remove(socket);
            try {
                socket.close();
            } catch (IOException e) {
                // It was broken.
            }
        }
        return null;
    }

    private static void send(OutputStream out, boolean post, int number) throws IOException {
        byte[] body = post ? new Content(number).bytes(BODY) : new byte[0];
        ByteArrayOutputStream request = new ByteArrayOutputStream();
        String length = post ? "Content-Length: %d\r\n".formatted(body.length) : "";
        request.write(
                "%s /%d HTTP/1.1\r\nHost: load.example\r\n%s\r\n"
                        .formatted(post ? "POST" : "GET", number, length)
                        .getBytes(StandardCharsets.US_ASCII));
        request.write(body);
        out.write(request.toByteArray());
        out.flush();
    }

    /**
     * @param reason the gateway's word, empty where a server has answered
     * @param ends whether the connection ends with it
     */
    record Answer(int status, String reason, ByteBuffer body, boolean ends) {
        String outcome() {
            return reason.isEmpty() ? Integer.toString(status) : status + " " + reason;
        }

        static Answer read(InputStream in) throws IOException {
            StringBuilder head = new StringBuilder();
            while (head.indexOf("\r\n\r\n", Math.max(0, head.length() - 4)) < 0) {
                int next = in.read();
                if (next < 0) {
                    throw new EOFException("ended in the head: " + head);
                }
                head.append((char) next);
            }
            String[] lines = head.toString().split("\r\n", -1);
            int length = Integer.parseInt(field(lines, "content-length", "0"));
            byte[] body = in.readNBytes(length);
            if (body.length < length) {
                throw new EOFException("ended in the body");
            }
            return new Answer(
                    Integer.parseInt(lines[0].split(" ", -1)[1]),
                    field(lines, "culvert-reason", ""),
                    ByteBuffer.wrap(body),
                    field(lines, "connection", "").equalsIgnoreCase("close"));
        }

        private static String field(String[] lines, String name, String otherwise) {
            return Arrays.stream(lines)
                    .filter(line -> line.regionMatches(true, 0, name + ":", 0, name.length() + 1))
                    .map(line -> line.substring(name.length() + 1).strip())
                    .findFirst()
                    .orElse(otherwise);
        }
    }

    /** What came so far, and how often. */
    Map<String, Long> outcomes() {
        Map<String, Long> all = new TreeMap<>();
        outcomes.forEach((words, count) -> all.put(words, count.get()));
        return all;
    }

    long count(String outcome) {
        return outcomes().getOrDefault(outcome, 0L);
    }

    long answers() {
        return outcomes().values().stream().mapToLong(Long::longValue).sum();
    }

    /** Waits until each client has, in the mean, had so many answers more. */
    void goesOn(int each) throws Exception {
        long enough = answers() + (long) each * threads.size();
        Eventually.holds("answers, beyond " + outcomes(), () -> answers() >= enough);
    }

    /**
     * Waits until something has come so often that had not before.
     *
     * @param outcome one that may come now
     */
    void awaits(String outcome, int count) throws Exception {
        long enough = count(outcome) + count;
        Eventually.holds(outcome + ", beyond " + outcomes(), () -> count(outcome) >= enough);
    }

    /** Waits until all that comes is well, and goes on to be. */
    void isWellAgain(int each) throws Exception {
        Eventually.holds(
                "all is well again, in " + outcomes(),
                () -> {
                    Map<String, Long> before = outcomes();
                    goesOn(each);
                    return since(before).equals(Set.of("GET 200", "POST 200"));
                });
    }

    /** What has come since then. */
    Set<String> since(Map<String, Long> before) {
        Set<String> more = new TreeSet<>();
        outcomes()
                .forEach(
                        (words, count) -> {
                            if (count > before.getOrDefault(words, 0L)) {
                                more.add(words);
                            }
                        });
        return more;
    }

    /** From now on what is otherwise is wrong. */
    void promise(Promise next) {
        promise = next;
    }

    /** Answers that were not as sent, and those that nobody promised. */
    List<String> wrong() {
        return wrong;
    }

    /** Fails where anything but those has come. */
    void came(Set<String> outcomes) {
        Set<String> others = new TreeSet<>(outcomes().keySet());
        others.removeAll(outcomes);
        if (!others.isEmpty() || !wrong.isEmpty()) {
            throw new AssertionError(outcomes() + " " + wrong + " " + last);
        }
    }

    /** Lets every request that is under way have its answer, and ends. */
    Map<String, Long> end() throws InterruptedException {
        over = true;
        for (Thread thread : threads) {
            thread.join();
        }
        return outcomes();
    }

    @Override
    public void close() throws IOException {
        over = true;
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
