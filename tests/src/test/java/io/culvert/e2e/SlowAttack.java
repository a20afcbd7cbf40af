package io.culvert.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The ways of slowhttptest(1) to hold connections for as long as it may. */
enum SlowAttack {
    /** Another field of the head every few seconds (Slowloris). */
    HEADS("slow heads", "/small", "-H"),

    /** A body that comes in small pieces. */
    BODIES("slow bodies", "/stored", "-B -t PUT -s 100000"),

    /** A small window, and now and then a few bytes taken of the answer. */
    READERS("slow readers", "/big", "-X"),

    /** Heads that ask for very many parts. */
    RANGES("ranges", "/big", "-R");

    static final int CONNECTIONS = 2_000;
    private static final int PER_SECOND = 1_000;
    static final int SECONDS = 15;

    /** Of one that has what it attacks compile what it runs. */
    static final int WARM_SECONDS = 4;

    /** Bytes of a page of memory. */
    private static final long PAGE = 4096;

    /** Between two pieces of what is sent slowly. */
    private static final int INTERVAL_SECONDS = 5;

    private final String words;
    private final String path;
    private final String options;

    SlowAttack(String words, String path, String options) {
        this.words = words;
        this.path = path;
        this.options = options;
    }

    /** Begins; it ends by itself. */
    CulvertProcess start(Host attacker, Family family, int seconds) throws IOException {
        String server = family.server().getHostAddress();
        List<String> arguments = new ArrayList<>(List.of(options.split(" ", -1)));
        arguments.addAll(
                List.of(
                        "-c",
                        "" + CONNECTIONS,
                        "-r",
                        "" + PER_SECOND,
                        "-i",
                        "" + INTERVAL_SECONDS,
                        "-l",
                        "" + seconds,
                        "-u",
                        "http://%s:%d%s"
                                .formatted(
                                        family.isIpv6() ? "[" + server + "]" : server,
                                        Nginx.PORT,
                                        path)));
        return Tool.SLOW_HTTP.start(attacker, arguments.toArray(String[]::new));
    }

    /** TCP sockets of a host, but for those that wait to be forgotten. */
    static int sockets(Host host, Family family) throws IOException {
        return family.isIpv6()
                ? figure(host, "sockstat6", "TCP6:", 2)
                : figure(host, "sockstat", "TCP:", 2);
    }

    /** Megabytes that the kernel has in buffers of TCP, those of all hosts, in steps of a page. */
    static int kernelMegabytes(Host any) throws IOException {
        return (int) (figure(any, "sockstat", "TCP:", 10) * PAGE / 1_000_000);
    }

    private static int figure(Host host, String file, String line, int word) throws IOException {
        return host.namespace()
                .call(
                        () -> {
                            Path path = Path.of("/proc/thread-self/net", file);
                            for (String each : Files.readAllLines(path)) {
                                String[] words = each.split(" ", -1);
                                if (words[0].equals(line)) {
                                    return Integer.parseInt(words[word]);
                                }
                            }
                            throw new IOException("no " + line + " in " + path);
                        });
    }

    @Override
    public String toString() {
        return words;
    }
}
