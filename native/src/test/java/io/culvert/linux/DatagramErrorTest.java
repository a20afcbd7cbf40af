package io.culvert.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

class DatagramErrorTest {
    private final DatagramError error = new DatagramError();
    private final ByteBuffer payload = ByteBuffer.allocate(1 << 16).putInt(0, 0xcafe);
    private final List<String> failures = new ArrayList<>();
    private final DatagramWriter writer =
            new DatagramWriter(
                    4,
                    1 << 16,
                    (fd, high, low, port, errno, datagrams) ->
                            failures.add(Errno.of(errno) + " " + datagrams));

    @BeforeAll
    static void bringTheDeviceUp() throws SyscallException {
        Loopback.up();
    }

    /** RFC 792: type 3, code 3; RFC 4443 §3.1: type 1, code 4. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void namesTheDestinationThatRefusedTheDatagram(boolean ipv6) throws SyscallException {
        int port = Loopback.closedPort(ipv6);
        try (Fd socket = socket(ipv6)) {
            writer.add(socket.number(), 0, Loopback.address(ipv6), port, 0, payload, 0, 4, 0);
            assertEquals(1, writer.flush());

            assertEquals(4, Loopback.await(() -> error.receive(socket.number())));
            assertEquals(Errno.ECONNREFUSED.number(), error.errno());
            assertEquals(ipv6 ? DatagramError.ICMP6 : DatagramError.ICMP, error.origin());
            assertEquals(ipv6 ? 1 : 3, error.type());
            assertEquals(ipv6 ? 4 : 3, error.code());
            assertEquals(0, error.destinationHigh());
            assertEquals(Loopback.address(ipv6), error.destinationLow());
            assertEquals(port, error.destinationPort());
            assertEquals(0, error.offenderHigh());
            assertEquals(Loopback.address(ipv6), error.offenderLow());
            assertEquals(0xcafe, error.bytes().getInt(0));
            assertTrue(Errno.EAGAIN.is(error.receive(socket.number())));
        }
    }

    @Test
    void tellsTheMtuOfADatagramThatIsTooLong() throws SyscallException {
        try (Fd socket = socket(true)) {
            Sockets.set(
                    socket,
                    SocketOptions.IPPROTO_IPV6,
                    SocketOptions.IPV6_MTU_DISCOVER,
                    SocketOptions.IP_PMTUDISC_DO);
            writer.add(socket.number(), 0, Loopback.IPV6, 9, 0, payload, 0, 65_500, 0);
            assertEquals(0, writer.flush());
            assertEquals(List.of("EMSGSIZE 1"), failures);

            assertEquals(0, error.receive(socket.number()));
            assertEquals(Errno.EMSGSIZE.number(), error.errno());
            assertEquals(DatagramError.LOCAL, error.origin());
            assertEquals(65_536, error.info());
            assertEquals(9, error.destinationPort());
            assertEquals(0, error.offenderLow());
        }
    }

    private static Fd socket(boolean ipv6) throws SyscallException {
        Fd socket = Loopback.udp(ipv6);
        if (ipv6) {
            Sockets.set(socket, SocketOptions.IPPROTO_IPV6, SocketOptions.IPV6_RECVERR, 1);
        } else {
            Sockets.set(socket, SocketOptions.IPPROTO_IP, SocketOptions.IP_RECVERR, 1);
        }
        return socket;
    }
}
