package io.culvert.e2e;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.concurrent.atomic.AtomicInteger;

/** A resolver that knows one answer of each family, whatever the name (RFC 1035 section 4). */
final class DnsServer implements AutoCloseable {
    private static final int PORT = 53;
    private static final int HEADER = 12;
    private static final int TYPE_A = 1;
    private static final int TYPE_AAAA = 28;

    private final DatagramChannel channel;
    private final AtomicInteger asked = new AtomicInteger();

    private DnsServer(DatagramChannel channel) {
        this.channel = channel;
    }

    static DnsServer on(Host host, InetAddress address) throws IOException {
        DnsServer server = new DnsServer(host.udp(Family.IPV4, address, PORT));
        Thread.ofVirtual().name("dns").start(server::serve);
        return server;
    }

    int asked() {
        return asked.get();
    }

    private void serve() {
        ByteBuffer query = ByteBuffer.allocate(512);
        try {
            while (true) {
                SocketAddress client = channel.receive(query.clear());
                asked.incrementAndGet();
                channel.send(answer(query.flip()), client);
            }
        } catch (IOException closed) {
            // The end of the test.
        }
    }

    private static ByteBuffer answer(ByteBuffer query) throws IOException {
        int end = HEADER;
        while (query.get(end) != 0) {
            end += query.get(end) + 1;
        }
        int type = query.getShort(end + 1);
        byte[] data =
                switch (type) {
                    case TYPE_A -> Family.parse("192.0.2.7").getAddress();
                    case TYPE_AAAA -> Family.parse("2001:db8::7").getAddress();
                    default -> new byte[0];
                };
        byte[] question = new byte[end + 5 - HEADER];
        query.get(HEADER, question);
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        // A response, recursion asked for and available; one question, perhaps one answer.
        ByteBuffer header = ByteBuffer.allocate(HEADER).putShort(query.getShort(0));
        header.putShort((short) 0x8180)
                .putShort((short) 1)
                .putShort((short) (data.length > 0 ? 1 : 0));
        message.write(header.array());
        message.write(question);
        if (data.length > 0) {
            // The name is the one at offset 12; class IN, a minute.
            ByteBuffer record = ByteBuffer.allocate(12).putShort((short) 0xc00c);
            record.putShort((short) type).putShort((short) 1).putInt(60);
            message.write(record.putShort((short) data.length).array());
            message.write(data);
        }
        return ByteBuffer.wrap(message.toByteArray());
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
