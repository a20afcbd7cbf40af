package io.culvert.gateway.upstream.dns;

import io.culvert.wire.IpAddress;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What resolv.conf(5) says: who is asked, and what short names may stand for.
 *
 * @param servers in their order; that of the own host where the file names none
 * @param search domains in which a short name is looked for
 * @param dots a name with so many dots is looked for as it is first
 */
record ResolvConf(List<InetSocketAddress> servers, List<String> search, int dots) {
    static final Path FILE = Path.of("/etc/resolv.conf");
    static final int DNS_PORT = 53;

    /** resolv.conf(5): more are ignored. */
    private static final int MOST_SERVERS = 3;

    private static final int MOST_DOTS = 15;

    /** Only names as they are, of nobody. */
    static final ResolvConf NONE = new ResolvConf(List.of(), List.of(), 1);

    ResolvConf {
        servers = List.copyOf(servers);
        search = List.copyOf(search);
    }

    /** Reads it; a file that is not there, or a line that means nothing, says nothing. */
    static ResolvConf read(Path file) {
        try {
            return parse(Files.readAllLines(file));
        } catch (IOException none) {
            return parse(List.of());
        }
    }

    static ResolvConf parse(List<String> lines) {
        List<InetSocketAddress> servers = new ArrayList<>();
        List<String> search = List.of();
        int dots = 1;
        for (String line : lines) {
            List<String> words = List.of(line.strip().split("\\s+", -1));
            List<String> values = words.subList(1, words.size());
            switch (words.getFirst()) {
                case "nameserver" -> values.stream().limit(1).forEach(one -> add(one, servers));
                case "search", "domain" ->
                        // The last of several counts.
                        search = values.stream().filter(one -> !one.equals(".")).toList();
                case "options" -> dots = dots(values, dots);
                default -> {}
            }
        }
        if (servers.isEmpty()) {
            servers.add(
                    new InetSocketAddress(IpAddress.parse("127.0.0.1").toInetAddress(), DNS_PORT));
        }
        return new ResolvConf(servers, search, dots);
    }

    private static void add(String text, List<InetSocketAddress> servers) {
        // A link-local one (RFC 4007 section 11) says nothing without its zone.
        if (servers.size() >= MOST_SERVERS || text.indexOf('%') >= 0) {
            return;
        }
        try {
            servers.add(new InetSocketAddress(IpAddress.parse(text).toInetAddress(), DNS_PORT));
        } catch (IllegalArgumentException none) {
            // Then it is not asked.
        }
    }

    private static int dots(List<String> options, int otherwise) {
        for (String option : options) {
            if (option.matches("ndots:\\d{1,3}")) {
                return Math.min(MOST_DOTS, Integer.parseInt(option.substring(6)));
            }
        }
        return otherwise;
    }

    /** The names to ask for, one after another, where somebody says this one. */
    List<String> candidates(String name) {
        if (name.endsWith(".")) {
            return List.of(name.substring(0, name.length() - 1));
        }
        List<String> searched = search.stream().map(domain -> name + "." + domain).toList();
        List<String> all = new ArrayList<>();
        boolean first = name.chars().filter(one -> one == '.').count() >= dots;
        if (first) {
            all.add(name);
        }
        all.addAll(searched);
        if (!first) {
            all.add(name);
        }
        return all;
    }
}
