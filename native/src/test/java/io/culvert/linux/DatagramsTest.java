package io.culvert.linux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;

/** {@link DatagramWriter} against {@link DatagramReader}, through the kernel. */
class DatagramsTest {
    private final List<String> failures = new ArrayList<>();
    private final DatagramWriter writer =
            new DatagramWriter(
                    256,
                    1 << 20,
                    (fd, high, low, port, errno, datagrams) ->
                            failures.add(Errno.of(errno) + " " + datagrams));
    private final DatagramReader reader = new DatagramReader(32, 1 << 16);
    private final ByteBuffer payload = ByteBuffer.allocate(1 << 16);
    private final Random random = new Random(1);

    @BeforeAll
    static void bringTheDeviceUp() throws SyscallException {
        Loopback.up();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void sendsARunWithOneMessageThatArrivesAsOne(boolean ipv6) throws SyscallException {
        try (Fd from = Loopback.udp(ipv6);
                Fd to = receiver(ipv6, true)) {
            List<byte[]> sent = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                sent.add(add(from, ipv6, Loopback.port(to), i < 39 ? 1200 : 77));
            }
            assertEquals(40, writer.flush());

            assertEquals(1, Loopback.await(() -> reader.receive(to.number())));
            assertEquals(39 * 1200 + 77, reader.length(0));
            assertEquals(1200, reader.segmentSize(0));
            assertEquals(Loopback.address(ipv6), reader.sourceLow(0));
            assertEquals(0, reader.sourceHigh(0));
            assertEquals(Loopback.port(from), reader.sourcePort(0));
            List<byte[]> got = new ArrayList<>();
            split(0, got);
            assertSame(sent, got);
            assertEquals(List.of(), failures);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void keepsDatagramsApartForAReceiverThatDidNotAskForRuns(boolean ipv6) throws SyscallException {
        try (Fd from = Loopback.udp(ipv6);
                Fd to = receiver(ipv6, false)) {
            List<byte[]> sent = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                sent.add(add(from, ipv6, Loopback.port(to), 1400));
            }
            writer.flush();
            assertSame(sent, receive(to, 20));
        }
    }

    @Test
    void keepsEachDestinationsOrderWhenFlowsInterleave() throws SyscallException {
        int flows = 12;
        List<Fd> sockets = new ArrayList<>();
        List<List<byte[]>> sent = new ArrayList<>();
        try (Fd one = Loopback.udp(false);
                Fd other = Loopback.udp(false)) {
            for (int i = 0; i < flows; i++) {
                sockets.add(receiver(false, true));
                sent.add(new ArrayList<>());
            }
            for (int i = 0; i < 200; i++) {
                int flow = random.nextInt(flows);
                int length = random.nextInt(4) == 0 ? random.nextInt(1200) : 1200;
                Fd from = flow % 2 == 0 ? one : other;
                sent.get(flow).add(add(from, false, Loopback.port(sockets.get(flow)), length));
            }
            assertEquals(200, writer.flush());
            for (int i = 0; i < flows; i++) {
                assertSame(sent.get(i), receive(sockets.get(i), sent.get(i).size()));
            }
        } finally {
            sockets.forEach(Fd::close);
        }
    }

    @Test
    void sendsARunThatItsCallerJoinedInAsManyMessagesAsNeeded() throws SyscallException {
        try (Fd from = Loopback.udp(false);
                Fd to = receiver(false, true)) {
            byte[] all = new byte[100 * 300 + 5];
            random.nextBytes(all);
            payload.put(0, all);
            writer.add(
                    from.number(),
                    0,
                    Loopback.IPV4,
                    Loopback.port(to),
                    0,
                    payload,
                    0,
                    all.length,
                    300);
            assertEquals(101, writer.flush());

            List<byte[]> got = receive(to, 101);
            ByteBuffer joined = ByteBuffer.allocate(all.length);
            got.forEach(joined::put);
            assertArrayEquals(all, joined.array());
            assertEquals(5, got.getLast().length);
        }
    }

    @Test
    void flushesByItselfWhenItIsFull() throws SyscallException {
        int fit = (1 << 20) / 60_000;
        List<Fd> sockets = new ArrayList<>();
        List<byte[]> sent = new ArrayList<>();
        try (Fd from = Loopback.udp(false)) {
            for (int i = 0; i <= fit; i++) {
                sockets.add(receiver(false, true));
                sent.add(add(from, false, Loopback.port(sockets.getLast()), 60_000));
            }
            for (int i = 0; i < fit; i++) {
                assertSame(List.of(sent.get(i)), receive(sockets.get(i), 1));
            }
            assertTrue(Errno.EAGAIN.is(reader.receive(sockets.getLast().number())));
            assertEquals(1, writer.flush());
            assertSame(List.of(sent.getLast()), receive(sockets.getLast(), 1));
        } finally {
            sockets.forEach(Fd::close);
        }
    }

    /** RFC 2474, RFC 3168: EF with ECT(0) is 0xba. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void carriesTheTrafficClass(boolean ipv6) throws SyscallException {
        try (Fd from = Loopback.udp(ipv6);
                Fd to = receiver(ipv6, true)) {
            int port = Loopback.port(to);
            for (int trafficClass : new int[] {0xba, 0xba, 0}) {
                writer.add(
                        from.number(),
                        0,
                        Loopback.address(ipv6),
                        port,
                        trafficClass,
                        payload,
                        0,
                        10,
                        0);
            }
            assertEquals(3, writer.flush());
            assertEquals(2, Loopback.await(() -> reader.receive(to.number())));
            assertEquals(20, reader.length(0));
            assertEquals(0xba, reader.trafficClass(0));
            assertEquals(10, reader.length(1));
            assertEquals(10, reader.segmentSize(1));
            assertEquals(0, reader.trafficClass(1));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void sendsToThePeerOfAConnectedSocket(boolean ipv6) throws SyscallException {
        try (Fd from = Loopback.udp(ipv6);
                Fd to = receiver(ipv6, true)) {
            connect(from, ipv6, Loopback.port(to));
            for (int i = 0; i < 3; i++) {
                writer.add(from.number(), 0, 0, 0, 0x28, payload, 0, 10, 0);
            }
            assertEquals(3, writer.flush());
            assertEquals(1, Loopback.await(() -> reader.receive(to.number())));
            assertEquals(30, reader.length(0));
            assertEquals(0x28, reader.trafficClass(0));
        }
    }

    @Test
    void tellsTheIpv4SenderToASocketOfBothFamilies() throws SyscallException {
        try (Fd from = Loopback.udp(false);
                Fd to = Sockets.udp(true)) {
            Sockets.set(to, SocketOptions.IPPROTO_IPV6, SocketOptions.IPV6_V6ONLY, 0);
            Sockets.bind(to, new SocketAddressBuffer().setUnspecified(true, 0));
            add(from, false, Loopback.port(to), 1);
            writer.flush();
            assertEquals(1, Loopback.await(() -> reader.receive(to.number())));
            assertEquals(0, reader.sourceHigh(0));
            assertEquals(Loopback.IPV4, reader.sourceLow(0));
        }
    }

    @Test
    void sendsAndReceivesEmptyDatagrams() throws SyscallException {
        try (Fd from = Loopback.udp(false);
                Fd to = receiver(false, true)) {
            add(from, false, Loopback.port(to), 0);
            add(from, false, Loopback.port(to), 0);
            assertEquals(2, writer.flush());
            assertEquals(2, Loopback.await(() -> reader.receive(to.number())));
            assertEquals(0, reader.length(0));
            assertEquals(0, reader.length(1));
        }
    }

    @Test
    void cutsWhatIsLongerThanItsRoomAndSaysSo() throws SyscallException {
        DatagramReader small = new DatagramReader(2, 8);
        try (Fd from = Loopback.udp(false);
                Fd to = receiver(false, false)) {
            byte[] sent = add(from, false, Loopback.port(to), 9);
            add(from, false, Loopback.port(to), 8);
            writer.flush();
            assertEquals(2, Loopback.await(() -> small.receive(to.number())));
            assertTrue(small.truncated(0));
            assertEquals(8, small.length(0));
            assertEquals(sent[7], small.bytes().get(small.offset(0) + 7));
            assertEquals(false, small.truncated(1));
            assertEquals(8, small.offset(1));
        }
    }

    @Test
    void sendsDatagramsOneByOneWhereTheKernelRefusesRuns() throws SyscallException {
        try (Fd from = Loopback.udp(false);
                Fd to = receiver(false, false)) {
            // A run needs checksums: udp_send_skb answers EINVAL without.
            Sockets.set(from, SocketOptions.SOL_SOCKET, SocketOptions.SO_NO_CHECK, 1);
            List<byte[]> sent = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                sent.add(add(from, false, Loopback.port(to), i < 9 ? 1000 : 1));
            }
            assertEquals(10, writer.flush());
            assertSame(sent, receive(to, 10));
            assertEquals(List.of(), failures);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void fragmentsARunOfDatagramsThatExceedTheMtu(boolean ipv6) throws SyscallException {
        try (Fd from = Loopback.udp(ipv6);
                Fd to = receiver(ipv6, false)) {
            Loopback.mtu(1500);
            List<byte[]> sent = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                sent.add(add(from, ipv6, Loopback.port(to), i < 4 ? 2000 : 10));
            }
            assertEquals(5, writer.flush());
            assertSame(sent, receive(to, 5));
            assertEquals(List.of(), failures);
        } finally {
            Loopback.mtu(65_536);
        }
    }

    @Test
    void goesOnAfterAMessageThatCannotBeSent() throws SyscallException {
        try (Fd from = Loopback.udp(false);
                Fd to = receiver(false, false)) {
            long unroutable = 0xffff_c000_0201L;
            add(from, false, Loopback.port(to), 10);
            writer.add(from.number(), 0, unroutable, 9, 0, payload, 0, 10, 0);
            writer.add(from.number(), 0, unroutable, 9, 0, payload, 0, 10, 0);
            add(from, false, Loopback.port(to), 11);
            assertEquals(2, writer.flush());
            assertEquals(List.of("ENETUNREACH 2"), failures);
            assertEquals(2, receive(to, 2).size());
        }
    }

    @Test
    void dropsWhatHasNoSocketOrFitsIntoNoPacket() {
        writer.add(1 << 30, 0, Loopback.IPV4, 9, 0, payload, 0, 10, 0);
        assertEquals(0, writer.flush());
        assertEquals(List.of("EBADF 1"), failures);
        writer.add(3, 0, Loopback.IPV4, 9, 0, payload, 0, 65_530, 0);
        assertEquals(List.of("EBADF 1", "EMSGSIZE 1"), failures);
    }

    @Test
    void sendsAllTheSameWhenASocketStillHasAnEarlierError() throws SyscallException {
        int port = Loopback.closedPort(false);
        try (Fd from = Loopback.udp(false)) {
            connect(from, false, port);
            // The refusal of the first may take a moment.
            for (int i = 0; i < 100_000 && failures.isEmpty(); i++) {
                writer.add(from.number(), 0, 0, 0, 0, payload, 0, 10, 0);
                assertEquals(1, writer.flush());
            }
            assertEquals("ECONNREFUSED 0", failures.getLast());
        }
    }

    private byte[] add(Fd from, boolean ipv6, int port, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        payload.put(3, bytes);
        writer.add(from.number(), 0, Loopback.address(ipv6), port, 0, payload, 3, length, 0);
        return bytes;
    }

    private static Fd receiver(boolean ipv6, boolean runs) throws SyscallException {
        Fd socket = Loopback.udp(ipv6);
        Sockets.set(socket, SocketOptions.SOL_SOCKET, SocketOptions.SO_RCVBUF, 4 << 20);
        Sockets.set(socket, SocketOptions.SOL_UDP, SocketOptions.UDP_GRO, runs ? 1 : 0);
        if (ipv6) {
            Sockets.set(socket, SocketOptions.IPPROTO_IPV6, SocketOptions.IPV6_RECVTCLASS, 1);
        } else {
            Sockets.set(socket, SocketOptions.IPPROTO_IP, SocketOptions.IP_RECVTOS, 1);
        }
        return socket;
    }

    private static void connect(Fd socket, boolean ipv6, int port) {
        SocketAddressBuffer to = new SocketAddressBuffer().set(0, Loopback.address(ipv6), port);
        assertEquals(0, Syscall.connect(socket.number(), to.address(), to.length()));
    }

    private List<byte[]> receive(Fd socket, int datagrams) {
        List<byte[]> got = new ArrayList<>();
        while (got.size() < datagrams) {
            int messages = Loopback.await(() -> reader.receive(socket.number()));
            assertTrue(messages > 0, "missing " + (datagrams - got.size()) + ": " + messages);
            for (int i = 0; i < messages; i++) {
                split(i, got);
            }
        }
        return got;
    }

    private void split(int message, List<byte[]> into) {
        int at = 0;
        do {
            int length = Math.min(reader.segmentSize(message), reader.length(message) - at);
            byte[] datagram = new byte[length];
            reader.bytes().get(reader.offset(message) + at, datagram);
            into.add(datagram);
            at += length;
        } while (at < reader.length(message));
    }

    private static void assertSame(List<byte[]> expected, List<byte[]> actual) {
        HexFormat hex = HexFormat.of();
        assertEquals(
                expected.stream().map(hex::formatHex).toList(),
                actual.stream().map(hex::formatHex).toList());
    }
}
