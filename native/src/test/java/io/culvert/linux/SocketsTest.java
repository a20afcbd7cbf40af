package io.culvert.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

class SocketsTest {
    private static final int IPPROTO_GRE = 47;

    @BeforeAll
    static void bringTheDeviceUp() throws SyscallException {
        Loopback.up();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void connectsTcpOverEitherFamilyAndKnowsBothAddresses(boolean ipv6) throws SyscallException {
        SocketAddressBuffer peer = new SocketAddressBuffer().prepare();
        Fd[] pair = Loopback.tcp(ipv6);
        try (Fd client = pair[0];
                Fd server = pair[1]) {
            assertEquals(
                    0, Syscall.getpeername(server.number(), peer.address(), peer.lengthAddress()));
            assertEquals(ipv6, peer.isIpv6());
            assertEquals(Loopback.address(ipv6), peer.addressLow());
            assertEquals(Loopback.port(client), peer.port());
            assertEquals(
                    Sockets.localAddress(client).toInetSocketAddress(), peer.toInetSocketAddress());
        }
    }

    @Test
    void waitsNoLongerThanItsTimeout() throws SyscallException {
        ByteBuffer into = NativeMemory.allocate(1);
        try (Fd socket = Sockets.udp(false)) {
            Sockets.bind(socket, new SocketAddressBuffer().setUnspecified(false, 0));
            Sockets.blocking(socket, true);
            Sockets.timeout(socket, Duration.ofMillis(20));
            long start = System.nanoTime();
            int result = Syscall.recv(socket.number(), NativeMemory.address(into), 1, 0);
            long waited = System.nanoTime() - start;
            assertTrue(Errno.EAGAIN.is(result), () -> "recv answered " + result);
            assertTrue(waited >= 15_000_000L, () -> "waited " + waited + " ns");
        }
    }

    @Test
    void answersAtOnceWhenNothingIsThereUnlessToldToBlock() throws SyscallException {
        ByteBuffer into = NativeMemory.allocate(1);
        Fd[] pair = Sockets.seqpacketPair();
        try (Fd one = pair[0];
                Fd other = pair[1]) {
            long address = NativeMemory.address(into);
            assertTrue(Errno.EAGAIN.is(Syscall.read(one.number(), address, 1)));
            Sockets.blocking(one, true);
            Thread writer =
                    Thread.ofPlatform().start(() -> Syscall.write(other.number(), address, 1));
            assertEquals(1, Syscall.read(one.number(), address, 1));
            assertTrue(join(writer));
            Sockets.blocking(one, false);
            assertTrue(Errno.EAGAIN.is(Syscall.read(one.number(), address, 1)));
        }
    }

    @Test
    void keepsMessagesApartBetweenSeqpacketSocketsAndTellsWhoConnected(@TempDir Path directory)
            throws SyscallException {
        SocketAddressBuffer path = new SocketAddressBuffer().setUnix(directory.resolve("s"));
        ByteBuffer bytes = NativeMemory.allocate(16);
        long address = NativeMemory.address(bytes);
        try (Fd listener = Sockets.seqpacket();
                Fd client = Sockets.seqpacket()) {
            Sockets.bind(listener, path);
            Sockets.listen(listener, 1);
            assertEquals(0, Syscall.connect(client.number(), path.address(), path.length()));
            path.prepare();
            int accepted =
                    Syscall.accept(listener.number(), path.address(), path.lengthAddress(), 0);
            try (Fd server = new Fd(accepted)) {
                assertEquals(3, Syscall.write(client.number(), address, 3));
                assertEquals(5, Syscall.write(client.number(), address, 5));
                assertEquals(3, Syscall.read(server.number(), address, 16));
                assertEquals(5, Syscall.read(server.number(), address, 16));
                PeerCredentials peer = Sockets.peerCredentials(server);
                assertEquals(ProcessHandle.current().pid(), peer.pid());
                assertEquals(LibC.INSTANCE.geteuid(), peer.uid());
            }
        }
    }

    @Test
    void setsAndReadsOptions() throws SyscallException {
        try (Fd socket = Sockets.tcp(true)) {
            int level = SocketOptions.IPPROTO_IPV6;
            Sockets.set(socket, level, SocketOptions.IPV6_V6ONLY, 1);
            assertEquals(1, Syscall.getsockopt(socket.number(), level, SocketOptions.IPV6_V6ONLY));
            assertTrue(Errno.ENOPROTOOPT.is(Syscall.getsockopt(socket.number(), level, 9999)));
            SyscallException failure =
                    assertThrows(SyscallException.class, () -> Sockets.set(socket, level, 9999, 1));
            assertEquals(Errno.ENOPROTOOPT, failure.errno());
        }
    }

    @Test
    void setsAnOptionThatIsAString() throws SyscallException {
        ByteBuffer name = NativeMemory.allocateNative(32);
        name.put(0, "reno".getBytes(StandardCharsets.US_ASCII)).putInt(16, 16);
        long address = NativeMemory.address(name);
        int level = SocketOptions.IPPROTO_TCP;
        int option = SocketOptions.TCP_CONGESTION;
        try (Fd socket = Sockets.tcp(false)) {
            assertEquals(0, Syscall.setsockopt(socket.number(), level, option, address, 4));
            name.putInt(0, 0);
            assertEquals(
                    0, Syscall.getsockopt(socket.number(), level, option, address, address + 16));
            byte[] got = new byte[4];
            name.get(0, got);
            assertEquals("reno", new String(got, StandardCharsets.US_ASCII));
        }
    }

    @Test
    void resetsTheConnectionWhenLingeringForZeroSeconds() throws SyscallException {
        ByteBuffer into = NativeMemory.allocate(1);
        Fd[] pair = Loopback.tcp(false);
        try (Fd server = pair[1]) {
            assertEquals(0, Syscall.linger(pair[0].number(), 0));
            pair[0].close();
            assertTrue(
                    Errno.ECONNRESET.is(
                            Syscall.read(server.number(), NativeMemory.address(into), 1)));
        }
    }

    @Test
    void sendsAndReceivesPayloadsOfAnIpProtocol() throws SyscallException {
        ByteBuffer bytes = NativeMemory.allocate(64).putInt(0, 0x2000_0800);
        SocketAddressBuffer here = new SocketAddressBuffer().set(0, Loopback.IPV4, 0);
        try (Fd socket = Sockets.raw(false, IPPROTO_GRE)) {
            Sockets.bind(socket, here);
            Syscall.connect(socket.number(), here.address(), here.length());
            long address = NativeMemory.address(bytes);
            assertEquals(4, Syscall.send(socket.number(), address, 4, 0));
            assertEquals(24, Loopback.await(() -> Syscall.read(socket.number(), address, 64)));
            assertEquals(IPPROTO_GRE, bytes.get(9));
            assertEquals(0x2000_0800, bytes.getInt(20));
        }
    }

    /** RFC 792, RFC 4443 §4: type and code, checksum, identifier, sequence number. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void getsAnEchoReplyWhereThePingGroupRangeAllows(boolean ipv6) throws SyscallException {
        ByteBuffer bytes = NativeMemory.allocate(64);
        bytes.put(0, (byte) (ipv6 ? 128 : 8)).putShort(6, (short) 77).putInt(8, 0xcafe);
        SocketAddressBuffer here = new SocketAddressBuffer().set(0, Loopback.address(ipv6), 0);
        try (Fd socket = openEcho(ipv6)) {
            Syscall.connect(socket.number(), here.address(), here.length());
            long address = NativeMemory.address(bytes);
            assertEquals(12, Syscall.send(socket.number(), address, 12, 0));
            bytes.putInt(8, 0);
            assertEquals(12, Loopback.await(() -> Syscall.read(socket.number(), address, 64)));
            assertEquals((byte) (ipv6 ? 129 : 0), bytes.get(0));
            assertEquals(Loopback.port(socket), Short.toUnsignedInt(bytes.getShort(4)));
            assertEquals(77, bytes.getShort(6));
            assertEquals(0xcafe, bytes.getInt(8));
        }
    }

    /** In a new namespace no group may ping: icmp(7), net.ipv4.ping_group_range. */
    private static Fd openEcho(boolean ipv6) throws SyscallException {
        try {
            Files.writeString(Path.of("/proc/sys/net/ipv4/ping_group_range"), "0 0");
        } catch (IOException e) {
            throw new AssertionError("the namespace's owner may set the range", e);
        }
        return Sockets.echo(ipv6);
    }

    private static boolean join(Thread thread) {
        try {
            return thread.join(Duration.ofSeconds(5));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void saysWhatFailedAndWhy() {
        SyscallException failure =
                assertThrows(SyscallException.class, () -> Sockets.raw(false, 300));
        assertTrue(failure.getMessage().startsWith("open a raw socket: "), failure.getMessage());
        assertFalse(failure.getMessage().contains("-"), failure.getMessage());
    }
}
