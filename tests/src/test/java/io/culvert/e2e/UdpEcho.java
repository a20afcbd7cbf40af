package io.culvert.e2e;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Sends each datagram back to where it came from, and remembers from where they came. */
final class UdpEcho implements AutoCloseable {
    private static final int LARGEST = 65_535;

    private final DatagramChannel channel;
    private final Set<SocketAddress> sources = ConcurrentHashMap.newKeySet();
    private final AtomicInteger received = new AtomicInteger();

    private UdpEcho(DatagramChannel channel) {
        this.channel = channel;
    }

    static UdpEcho on(Host host, Family family, InetAddress address) throws IOException {
        UdpEcho echo = new UdpEcho(host.udp(family, address, 0));
        echo.channel.setOption(java.net.StandardSocketOptions.SO_RCVBUF, 4 * 1024 * 1024);
        Thread.ofVirtual().name("udp echo").start(echo::serve);
        return echo;
    }

    InetSocketAddress address() throws IOException {
        return (InetSocketAddress) channel.getLocalAddress();
    }

    Set<SocketAddress> sources() {
        return sources;
    }

    int received() {
        return received.get();
    }

    private void serve() {
        ByteBuffer datagram = ByteBuffer.allocateDirect(LARGEST);
        try {
            while (true) {
                SocketAddress source = channel.receive(datagram.clear());
                received.incrementAndGet();
                sources.add(source);
                channel.send(datagram.flip(), source);
            }
        } catch (IOException closed) {
            // The end of the test, or of its patience.
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
