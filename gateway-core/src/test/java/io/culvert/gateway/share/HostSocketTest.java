package io.culvert.gateway.share;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.culvert.wire.IpAddress;

import org.junit.jupiter.api.Test;

import java.util.Optional;

/** Lines as a kernel with a little-endian processor writes them. */
class HostSocketTest {
    @Test
    void readsAListener() {
        assertEquals(
                Optional.of(new HostSocket("tcp", IpAddress.parse("127.0.0.1"), 8080, 1000)),
                HostSocket.parse(
                        "tcp",
                        "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000"
                            + " 00000000  1000        0 20112 1 0000000000000000 100 0 0 10 0"));
    }

    @Test
    void readsAnUnconnectedUdpSocketOfIpv6() {
        assertEquals(
                Optional.of(new HostSocket("udp", IpAddress.parse("2001:db8::1:2"), 53, 0)),
                HostSocket.parse(
                        "udp",
                        "  77: B80D0120000000000000000002000100:0035"
                            + " 00000000000000000000000000000000:0000 07 00000000:00000000"
                            + " 00:00000000 00000000     0        0 20113 2 0000000000000000 0"));
    }

    @Test
    void leavesOutWhatHasItsOtherEnd() {
        String rest = " 00000000:00000000 00:00000000 00000000  0        0 1 1 0 20 4 30 10 -1";
        String ends = "   1: 0100007F:9C40 0100007F:1F90 01";

        assertEquals(Optional.empty(), HostSocket.parse("tcp", ends + rest));
        assertEquals(Optional.empty(), HostSocket.parse("udp", ends + rest));
    }
}
