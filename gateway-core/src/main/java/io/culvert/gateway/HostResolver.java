package io.culvert.gateway;

import io.culvert.wire.IpAddress;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Whom the host asks for names. */
final class HostResolver {
    private static final Path RESOLV_CONF = Path.of("/etc/resolv.conf");
    private static final int DNS_PORT = 53;

    private HostResolver() {}

    /** The first name server of the host's resolv.conf(5), which may be one on loopback. */
    static Optional<InetSocketAddress> find() {
        return find(RESOLV_CONF);
    }

    static Optional<InetSocketAddress> find(Path file) {
        try {
            for (String line : Files.readAllLines(file)) {
                String[] words = line.strip().split("\\s+", -1);
                // A link-local one (RFC 4007 section 11) says nothing without its zone.
                if (words.length >= 2
                        && words[0].equals("nameserver")
                        && words[1].indexOf('%') < 0) {
                    return Optional.of(
                            new InetSocketAddress(
                                    IpAddress.parse(words[1]).toInetAddress(), DNS_PORT));
                }
            }
        } catch (IOException | IllegalArgumentException none) {
            // Then nobody is asked.
        }
        return Optional.empty();
    }
}
