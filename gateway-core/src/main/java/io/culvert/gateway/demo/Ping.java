package io.culvert.gateway.demo;

import io.culvert.linux.Errno;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.SyscallException;
import io.culvert.upgrade.EchoSocket;
import io.culvert.wire.InternetChecksum;
import io.culvert.wire.IpAddress;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Echo requests: the server's replies have to come back, and for an address that nobody can reach
 * the truth, since nothing may answer in the place of a host.
 *
 * @param reachable whether the server is asked, or an address without a route
 */
record Ping(Family family, int requests, boolean reachable) implements Scene {
    private static final int LENGTH = 64;
    private static final int IDENTIFIER = 0x6375;

    /** RFC 792 and RFC 4443 sections 4.1 and 4.2. */
    private static final int REQUEST_4 = 8;

    private static final int REPLY_4 = 0;
    private static final int REQUEST_6 = 128;
    private static final int REPLY_6 = 129;

    @Override
    public String title() {
        return (reachable ? "ping" : "ping an unreachable host") + " over " + family;
    }

    @Override
    public String expectation() {
        return reachable
                ? "a reply to each of " + requests + " requests"
                : "\"" + Errno.EHOSTUNREACH.meaning() + "\" and no reply";
    }

    @Override
    public String play(Stage stage) throws IOException {
        IpAddress to = reachable ? family.server().address() : family.nowhere();
        EchoSocket kind = stage.client(Stage.ACME).call(() -> EchoSocket.probe(family.isIpv6()));
        long[] times = new long[requests];
        try (Connection connection =
                Connection.echo(stage.client(Stage.ACME), to, kind == EchoSocket.RAW)) {
            connection.reportErrors(family.isIpv6());
            for (int sequence = 0; sequence < requests; sequence++) {
                long start = System.nanoTime();
                connection.write(request(sequence));
                ByteBuffer reply = NativeMemory.allocate(2 * LENGTH);
                connection.read(reply);
                times[sequence] = System.nanoTime() - start;
                check(reply.flip(), kind, sequence);
            }
        } catch (SyscallException e) {
            if (reachable || e.errno() != Errno.EHOSTUNREACH) {
                throw new Surprise(e.errno() == Errno.EAGAIN ? "no answer at all" : e.getMessage());
            }
            return e.errno().meaning();
        }
        return requests + " of " + requests + " answered, median " + Amounts.median(times);
    }

    private ByteBuffer request(int sequence) {
        ByteBuffer request = NativeMemory.allocate(LENGTH);
        request.put(0, (byte) (family.isIpv6() ? REQUEST_6 : REQUEST_4));
        request.putShort(4, (short) IDENTIFIER).putShort(6, (short) sequence);
        // The kernel makes every checksum but that of ICMP through a raw socket.
        return request.putShort(2, (short) ~InternetChecksum.sum(request, 0, LENGTH));
    }

    private void check(ByteBuffer reply, EchoSocket kind, int sequence) throws Surprise {
        if (!reachable) {
            throw new Surprise("a reply, which no host has sent");
        }
        // raw(7): over IPv4 with the IP header.
        int at = kind == EchoSocket.RAW && !family.isIpv6() ? 4 * (reply.get(0) & 0xf) : 0;
        int type = reply.get(at) & 0xff;
        if (type != (family.isIpv6() ? REPLY_6 : REPLY_4)
                || reply.getShort(at + 6) != sequence
                || reply.limit() - at != LENGTH) {
            throw new Surprise("another message in the place of reply " + sequence);
        }
    }
}
