package io.culvert.gateway.capture;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Whether the kernel sends on what arrives on an interface ({@code forwarding} and {@code
 * force_forwarding} of the kernel's ip-sysctl). IPv4 has a switch for each interface; IPv6 has had
 * one since Linux 6.17, and before that one for all of the host alone, which also ends what the
 * host learns from router advertisements, so that only the operator can decide on it.
 *
 * <p>Called in the namespace's thread.
 */
final class Forwarding {
    private final Path net;

    /** What can be said of an interface and a family. */
    enum State {
        ON,
        OFF,
        /** Off, and this class cannot switch it on. */
        FOR_THE_OPERATOR,
        /** The interface is not there, or has nothing of the family. */
        NONE
    }

    /**
     * @param net {@code /proc/sys/net}, or what a test has in its place
     */
    Forwarding(Path net) {
        this.net = net;
    }

    State state(String device, boolean ipv6) throws IOException {
        Path settings = settings(device, ipv6);
        if (!Files.isDirectory(settings)) {
            return State.NONE;
        }
        if (ipv6 && isOne(net.resolve("ipv6/conf/all/forwarding"))) {
            return State.ON;
        }
        Path own = file(device, ipv6);
        if (!Files.exists(own)) {
            return State.FOR_THE_OPERATOR;
        }
        return isOne(own) ? State.ON : State.OFF;
    }

    /** Nothing where the interface has gone meanwhile. */
    void set(String device, boolean ipv6, boolean on) throws IOException {
        Path file = file(device, ipv6);
        try {
            Files.writeString(file, on ? "1" : "0", StandardOpenOption.WRITE);
        } catch (NoSuchFileException e) {
            return;
        } catch (IOException e) {
            throw new IOException(
                    "capture needs %s to be %d: %s".formatted(file, on ? 1 : 0, e.getMessage()), e);
        }
    }

    /** The setting's. */
    Path file(String device, boolean ipv6) {
        return settings(device, ipv6).resolve(name(ipv6));
    }

    private static String name(boolean ipv6) {
        return ipv6 ? "force_forwarding" : "forwarding";
    }

    private Path settings(String device, boolean ipv6) {
        return net.resolve(ipv6 ? "ipv6" : "ipv4").resolve("conf").resolve(device);
    }

    private static boolean isOne(Path setting) throws IOException {
        try {
            return !Files.readString(setting).trim().equals("0");
        } catch (NoSuchFileException e) {
            return false;
        }
    }
}
