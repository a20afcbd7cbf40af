package io.culvert.gateway.share;

import io.culvert.nat.PortRange;
import io.culvert.wire.IpAddress;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Optional;

/**
 * A port on which the host waits for anybody, as {@code /proc/net} lists it: a TCP socket that
 * listens, or one of UDP that is not connected.
 *
 * @param address unspecified where it is bound to none
 * @param user whose it is
 */
record HostSocket(String protocol, IpAddress address, int port, int user) {
    /** Of the calling thread's network namespace. */
    private static final Path NET = Path.of("/proc/thread-self/net");

    private static final int LOCAL_ADDRESS = 1, STATE = 3, USER = 7, FIELDS = 8;
    private static final String TCP_LISTEN = "0A";
    private static final String UDP_UNCONNECTED = "07";

    /** Any socket that has an address and a port of a range, or the port at every address. */
    static Optional<HostSocket> on(IpAddress address, PortRange ports) throws IOException {
        for (String file : new String[] {"tcp", "tcp6", "udp", "udp6"}) {
            Optional<HostSocket> socket = in(file, address, ports);
            if (socket.isPresent()) {
                return socket;
            }
        }
        return Optional.empty();
    }

    private static Optional<HostSocket> in(String file, IpAddress address, PortRange ports)
            throws IOException {
        try (var lines = Files.lines(NET.resolve(file))) {
            return lines.skip(1)
                    .flatMap(line -> parse(file.substring(0, 3), line).stream())
                    .filter(socket -> ports.contains(socket.port))
                    .filter(socket -> socket.receivesFor(address))
                    .findFirst();
        } catch (NoSuchFileException e) {
            return Optional.empty(); // a kernel without IPv6
        }
    }

    /** An unspecified IPv6 address takes IPv4 as well, unless the socket forbids it: ipv6(7). */
    private boolean receivesFor(IpAddress wanted) {
        boolean anyIpv6 = address.high() == 0 && address.low() == 0;
        boolean anyIpv4 = address.isIpv4() && address.toIpv4() == 0;
        return address.equals(wanted) || anyIpv6 || (anyIpv4 && wanted.isIpv4());
    }

    /** Empty where nobody in particular could be served by it. */
    static Optional<HostSocket> parse(String protocol, String line) {
        String[] fields = line.strip().split("\\s+", -1);
        if (fields.length < FIELDS
                || !fields[STATE].equals(protocol.equals("tcp") ? TCP_LISTEN : UDP_UNCONNECTED)) {
            return Optional.empty();
        }
        int colon = fields[LOCAL_ADDRESS].indexOf(':');
        return Optional.of(
                new HostSocket(
                        protocol,
                        address(fields[LOCAL_ADDRESS].substring(0, colon)),
                        Integer.parseInt(fields[LOCAL_ADDRESS].substring(colon + 1), 16),
                        Integer.parseInt(fields[USER])));
    }

    /** Words of 32 bits, each as the machine reads the bytes of the address. */
    private static IpAddress address(String hexadecimal) {
        byte[] words = HexFormat.of().parseHex(hexadecimal);
        ByteBuffer numbers = ByteBuffer.wrap(words);
        ByteBuffer bytes = ByteBuffer.allocate(words.length).order(ByteOrder.nativeOrder());
        while (numbers.hasRemaining()) {
            bytes.putInt(numbers.getInt());
        }
        bytes.flip().order(ByteOrder.BIG_ENDIAN);
        return words.length == Integer.BYTES
                ? IpAddress.ofIpv4(bytes.getInt())
                : new IpAddress(bytes.getLong(), bytes.getLong());
    }
}
