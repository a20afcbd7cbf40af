package io.culvert.gateway.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** One end of HTTP/2 that sends the frames that a test says, whatever they are. */
final class FrameScript implements AutoCloseable {
    private static final byte[] PREFACE =
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    private final Socket socket;
    private final DataInputStream in;
    private final DataOutputStream out;
    private final DefaultHttp2HeadersDecoder decoder = new DefaultHttp2HeadersDecoder(false);

    /** Sends a flood's next frames. */
    interface Sender {
        void send(int number) throws IOException;
    }

    private FrameScript(Socket socket) throws IOException {
        this.socket = socket;
        socket.setSoTimeout(30_000);
        socket.setTcpNoDelay(true);
        in = new DataInputStream(socket.getInputStream());
        out = new DataOutputStream(socket.getOutputStream());
    }

    static FrameScript connect(InetSocketAddress address) throws IOException {
        FrameScript script = silent(address);
        script.preface();
        script.frame(4, 0, 0, new byte[0]);
        script.until("SETTINGS");
        return script;
    }

    /** A connection on which nothing is said yet. */
    static FrameScript silent(InetSocketAddress address) throws IOException {
        return new FrameScript(new Socket(address.getAddress(), address.getPort()));
    }

    /** The other end: a server's, to which a client that begins comes next. */
    static FrameScript accept(ServerSocket server) throws IOException {
        FrameScript script = new FrameScript(server.accept());
        script.in.readFully(new byte[PREFACE.length]);
        script.frame(4, 0, 0, new byte[0]);
        return script;
    }

    /** Any bytes. */
    void write(byte[] bytes) throws IOException {
        out.write(bytes);
    }

    /** The client's connection preface, but for the SETTINGS that end it. */
    void preface() throws IOException {
        write(PREFACE);
    }

    void frame(int type, int flags, int stream, byte[] payload) throws IOException {
        ByteBuf frame = Unpooled.buffer(9 + payload.length);
        frame.writeMedium(payload.length).writeByte(type).writeByte(flags).writeInt(stream);
        frame.writeBytes(payload);
        out.write(frame.array(), 0, frame.writerIndex());
    }

    /**
     * A head of fields divided by bars, name and value by a space, in their order: each as RFC 7541
     * section 6.2.2 has literals, so that a block stands by itself.
     */
    static byte[] block(String head) {
        ByteBuf block = Unpooled.buffer();
        for (String field : head.split("\\|", -1)) {
            int space = field.indexOf(' ');
            block.writeByte(0);
            literal(block, field.substring(0, space));
            literal(block, field.substring(space + 1));
        }
        return ByteBufUtil.getBytes(block);
    }

    private static void literal(ByteBuf block, String text) {
        if (text.length() > 126) {
            throw new IllegalArgumentException("a length of one byte: " + text);
        }
        block.writeByte(text.length());
        block.writeCharSequence(text, StandardCharsets.ISO_8859_1);
    }

    void headers(int stream, boolean end, String head) throws IOException {
        frame(1, end ? 5 : 4, stream, block(head));
    }

    void data(int stream, boolean end, String text) throws IOException {
        frame(0, end ? 1 : 0, stream, text.getBytes(StandardCharsets.ISO_8859_1));
    }

    void reset(int stream) throws IOException {
        frame(3, 0, stream, new byte[] {0, 0, 0, 8});
    }

    void ping(int number) throws IOException {
        frame(6, 0, 0, new byte[] {0, 0, 0, 0, 0, 0, (byte) (number >> 8), (byte) number});
    }

    void windowUpdate(int stream, int bytes) throws IOException {
        frame(8, 0, stream, Unpooled.buffer(4).writeInt(bytes).array());
    }

    void setting(int identifier, int value) throws IOException {
        frame(4, 0, 0, Unpooled.buffer(6).writeShort(identifier).writeInt(value).array());
    }

    /** Sends until the other end has had enough, 20,000 times at most. */
    void floods(Sender sender) {
        try {
            for (int i = 1; i < 20_000 && in.available() < 100_000; i++) {
                sender.send(i);
            }
        } catch (IOException e) {
            // Closed: what it said first is still to be read.
        }
    }

    /** Reads frames to the first of a name, which comes back with what is in it. */
    String until(String name) throws IOException {
        return next(name);
    }

    /** The same with several names. */
    String next(String... names) throws IOException {
        for (; ; ) {
            String frame;
            try {
                frame = read();
            } catch (IOException e) {
                return "none, but " + e.getMessage();
            }
            if (Arrays.stream(names).anyMatch(frame::startsWith)) {
                return frame;
            }
        }
    }

    /** Reads to the connection's end. */
    void awaitEnd() throws IOException {
        try {
            for (; ; ) {
                String _ = read();
            }
        } catch (EOFException | SocketException e) {
            // That is it.
        }
    }

    /** Reads a frame. */
    String read() throws IOException {
        int length = in.readUnsignedShort() << 8 | in.readUnsignedByte();
        int type = in.readUnsignedByte();
        int flags = in.readUnsignedByte();
        int stream = in.readInt();
        byte[] payload = new byte[length];
        in.readFully(payload);
        ByteBuf bytes = Unpooled.wrappedBuffer(payload);
        return switch (type) {
            case 0 ->
                    "DATA %d %s%s"
                            .formatted(
                                    stream,
                                    (flags & 1) != 0 ? "END " : "",
                                    bytes.toString(StandardCharsets.ISO_8859_1));
            case 1 ->
                    "HEADERS %d %s%s"
                            .formatted(
                                    stream, (flags & 1) != 0 ? "END " : "", decode(stream, bytes));
            case 3 -> "RST_STREAM %d %s".formatted(stream, Http2Error.valueOf(bytes.readInt()));
            case 4 -> "SETTINGS %d%s".formatted(stream, (flags & 1) != 0 ? " ACK" : "");
            case 6 ->
                    "PING %d%s %d"
                            .formatted(stream, (flags & 1) != 0 ? " ACK" : "", bytes.readLong());
            case 7 -> {
                bytes.readInt();
                yield "GOAWAY %d %s".formatted(stream, Http2Error.valueOf(bytes.readInt()));
            }
            case 8 -> "WINDOW_UPDATE %d %d".formatted(stream, bytes.readInt());
            default -> "frame %d".formatted(type);
        };
    }

    private String decode(int stream, ByteBuf bytes) {
        try {
            StringBuilder text = new StringBuilder();
            decoder.decodeHeaders(stream, bytes)
                    .forEach(
                            one ->
                                    text.append(one.getKey())
                                            .append('=')
                                            .append(one.getValue())
                                            .append(' '));
            return text.toString();
        } catch (Http2Exception e) {
            return e.toString();
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
