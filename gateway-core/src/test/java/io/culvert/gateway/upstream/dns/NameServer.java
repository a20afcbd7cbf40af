package io.culvert.gateway.upstream.dns;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A name server for tests, which makes its messages byte by byte (RFC 1035 section 4) and knows
 * nothing of the code under test.
 */
public final class NameServer implements AutoCloseable {
    private static final int ANSWER = 0x8180;

    private final DatagramSocket socket;
    private final Map<String, Reply> replies = new ConcurrentHashMap<>();
    private final List<String> questions = new CopyOnWriteArrayList<>();

    /** What it says to a question. */
    private record Reply(int code, List<byte[]> answers, List<byte[]> authority) {}

    private NameServer(DatagramSocket socket) {
        this.socket = socket;
    }

    public static NameServer open() throws IOException {
        NameServer server =
                new NameServer(new DatagramSocket(0, InetAddress.ofLiteral("127.0.0.1")));
        Thread.ofVirtual().start(server::serve);
        return server;
    }

    public InetSocketAddress address() {
        return (InetSocketAddress) socket.getLocalSocketAddress();
    }

    /** The questions so far: {@code api.example A}. */
    List<String> questions() {
        return questions;
    }

    /** Has addresses of a name from now on. */
    public void addresses(String name, int seconds, String... addresses) throws IOException {
        List<byte[]> ipv4 = new CopyOnWriteArrayList<>();
        List<byte[]> ipv6 = new CopyOnWriteArrayList<>();
        for (String text : addresses) {
            byte[] address = InetAddress.getByName(text).getAddress();
            (address.length == 4 ? ipv4 : ipv6)
                    .add(record(name, address.length == 4 ? 1 : 28, seconds, address));
        }
        List<byte[]> none = List.of(soa(name, seconds, seconds));
        replies.put(name + " A", new Reply(0, ipv4, ipv4.isEmpty() ? none : List.of()));
        replies.put(name + " AAAA", new Reply(0, ipv6, ipv6.isEmpty() ? none : List.of()));
    }

    /** The name stands for another, of which this server says nothing more. */
    void alias(String name, int seconds, String target) {
        Reply reply = new Reply(0, List.of(record(name, 5, seconds, name(target))), List.of());
        replies.put(name + " A", reply);
        replies.put(name + " AAAA", reply);
    }

    /** There is no such name, which is good for so long. */
    public void missing(String name, int ofSoa, int minimum) {
        Reply reply = new Reply(3, List.of(), List.of(soa(name, ofSoa, minimum)));
        replies.put(name + " A", reply);
        replies.put(name + " AAAA", reply);
    }

    /** It cannot say: 2 for SERVFAIL, 5 for REFUSED. */
    void fails(String name, int code) {
        Reply reply = new Reply(code, List.of(), List.of());
        replies.put(name + " A", reply);
        replies.put(name + " AAAA", reply);
    }

    /** It says nothing to questions for the name. */
    public void silent(String name) {
        replies.remove(name + " A");
        replies.remove(name + " AAAA");
    }

    private static byte[] soa(String name, int seconds, int minimum) {
        ByteBuffer rest = ByteBuffer.allocate(2 + 5 * 4);
        rest.put((byte) 0).put((byte) 0).putInt(1).putInt(2).putInt(3).putInt(4).putInt(minimum);
        return record(name, 6, seconds, rest.array());
    }

    private static byte[] record(String name, int type, int seconds, byte[] data) {
        byte[] owner = name(name);
        return ByteBuffer.allocate(owner.length + 10 + data.length)
                .put(owner)
                .putShort((short) type)
                .putShort((short) 1)
                .putInt(seconds)
                .putShort((short) data.length)
                .put(data)
                .array();
    }

    private static byte[] name(String name) {
        ByteBuffer bytes = ByteBuffer.allocate(name.length() + 2);
        for (String label : name.split("\\.", -1)) {
            bytes.put((byte) label.length()).put(label.getBytes(StandardCharsets.US_ASCII));
        }
        return bytes.put((byte) 0).array();
    }

    private void serve() {
        byte[] bytes = new byte[4096];
        DatagramPacket packet = new DatagramPacket(bytes, bytes.length);
        while (!socket.isClosed()) {
            try {
                packet.setLength(bytes.length);
                socket.receive(packet);
                answer(ByteBuffer.wrap(bytes, 0, packet.getLength()), packet);
            } catch (IOException e) {
                // Closed.
            }
        }
    }

    private void answer(ByteBuffer question, DatagramPacket packet) throws IOException {
        short id = question.getShort(0);
        int at = 12;
        StringBuilder name = new StringBuilder();
        while (question.get(at) != 0) {
            byte[] label = new byte[question.get(at)];
            question.get(at + 1, label);
            name.append(name.isEmpty() ? "" : ".")
                    .append(new String(label, StandardCharsets.US_ASCII));
            at += label.length + 1;
        }
        at++;
        int type = question.getShort(at);
        byte[] asked = new byte[at + 4 - 12];
        question.get(12, asked);
        String key = name + (type == 28 ? " AAAA" : " A");
        questions.add(key);
        Reply reply = replies.get(key);
        if (reply == null) {
            return;
        }
        ByteBuffer message = ByteBuffer.allocate(4096);
        message.putShort(id).putShort((short) (ANSWER | reply.code()));
        message.putShort((short) 1).putShort((short) reply.answers().size());
        message.putShort((short) reply.authority().size()).putShort((short) 0);
        message.put(asked);
        reply.answers().forEach(message::put);
        reply.authority().forEach(message::put);
        socket.send(
                new DatagramPacket(message.array(), message.position(), packet.getSocketAddress()));
    }

    @Override
    public void close() {
        socket.close();
    }
}
