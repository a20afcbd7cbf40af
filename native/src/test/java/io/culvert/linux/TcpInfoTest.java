package io.culvert.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;

class TcpInfoTest {
    private final TcpInfo info = new TcpInfo();

    @BeforeAll
    static void bringTheDeviceUp() throws SyscallException {
        Loopback.up();
    }

    @Test
    void countsWhatATransferMoved() throws SyscallException {
        int length = 10_000;
        ByteBuffer bytes = NativeMemory.allocate(length);
        long address = NativeMemory.address(bytes);
        Fd[] pair = Loopback.tcp(false);
        try (Fd client = pair[0];
                Fd server = pair[1]) {
            assertEquals(length, Syscall.write(client.number(), address, length));
            int got = 0;
            while (got < length) {
                got += Syscall.read(server.number(), address, length);
            }
            // An answer carries the acknowledgement of everything.
            assertEquals(1, Syscall.write(server.number(), address, 1));
            assertEquals(1, Syscall.read(client.number(), address, 1));

            assertTrue(info.read(server.number()));
            assertEquals(length, info.bytesReceived());
            assertTrue(info.read(client.number()));
            assertEquals(1, info.state());
            assertEquals(1 + length, info.bytesAcked(), "its SYN is counted");
            assertEquals(1, info.bytesReceived());
            assertEquals(0, info.unacked());
            assertEquals(0, info.notsent());
            assertEquals(0, info.retransmits());
            assertTrue(info.rtt() > 0 && info.rtt() < 1_000_000, "rtt " + info.rtt());
            assertTrue(info.rttvar() > 0, "rttvar " + info.rttvar());
            assertTrue(info.sndCwnd() >= 10, "RFC 6928: cwnd " + info.sndCwnd());
            assertEquals(65_535, info.pmtu(), "RFC 791: what IPv4 can use of 65,536");
            assertTrue(info.sndMss() > 1000 && info.sndMss() < info.pmtu(), "mss " + info.sndMss());
        }
    }

    @Test
    void countsWhatThePeerDoesNotTake() throws SyscallException {
        ByteBuffer bytes = NativeMemory.allocate(1 << 20);
        Fd[] pair = Loopback.tcp(true);
        try (Fd client = pair[0];
                Fd server = pair[1]) {
            Sockets.blocking(client, false);
            int sent;
            do {
                sent = Syscall.write(client.number(), NativeMemory.address(bytes), 1 << 20);
            } while (sent > 0);
            assertTrue(server.isOpen());
            assertTrue(info.read(client.number()));
            assertTrue(info.notsent() > 0, "notsent " + info.notsent());
        }
    }

    @Test
    void saysNoForAnythingThatIsNotTcp() throws SyscallException {
        try (Fd udp = Sockets.udp(false)) {
            assertFalse(info.read(udp.number()));
        }
        assertFalse(info.read(-1));
    }
}
