package io.culvert.gateway.demo;

import io.culvert.linux.Errno;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.SyscallException;
import io.culvert.wire.IpAddress;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A datagram that cannot arrive: the ICMP error that says why has to reach the client.
 *
 * @param what the title but for the family
 * @param told what the socket has to fail with, by udp(7)
 */
record FailingDatagram(String what, Family family, IpAddress to, int port, Errno told)
        implements Scene {
    static FailingDatagram closedPort(Family family) {
        return new FailingDatagram(
                "datagram to a closed port",
                family,
                family.server().address(),
                Stage.CLOSED_PORT,
                Errno.ECONNREFUSED);
    }

    static FailingDatagram noRoute(Family family) {
        return new FailingDatagram(
                "datagram to an unreachable host",
                family,
                family.nowhere(),
                UdpEchoServer.PORT,
                Errno.EHOSTUNREACH);
    }

    @Override
    public String title() {
        return what + " over " + family;
    }

    @Override
    public String expectation() {
        return "an ICMP error that means \"" + told.meaning() + "\"";
    }

    @Override
    public String play(Stage stage) throws IOException {
        ByteBuffer datagram = NativeMemory.allocate(Long.BYTES);
        long start = System.nanoTime();
        try (Connection connection = Connection.udp(stage.client(Stage.ACME), to, port)) {
            connection.reportErrors(family.isIpv6());
            connection.write(datagram);
            connection.read(datagram.clear());
            throw new Surprise("an answer");
        } catch (SyscallException e) {
            if (e.errno() != told) {
                throw new Surprise(e.errno() == Errno.EAGAIN ? "no answer at all" : e.getMessage());
            }
        }
        return told.meaning() + " after " + Amounts.time(System.nanoTime() - start);
    }
}
