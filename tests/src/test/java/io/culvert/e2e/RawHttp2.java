package io.culvert.e2e;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/** A client of HTTP/2 (RFC 9113) that sends whatever frames a test says, well-behaved or not. */
final class RawHttp2 implements AutoCloseable {
    static final int DATA = 0;
    static final int HEADERS = 1;
    static final int RST_STREAM = 3;
    static final int SETTINGS = 4;
    static final int PING = 6;
    static final int GOAWAY = 7;
    static final int CONTINUATION = 9;

    static final int END_STREAM = 1;
    static final int END_HEADERS = 4;

    /** RFC 9113 section 7. */
    static final int CANCEL = 8;

    private static final int SILENCE_MILLIS = 30_000;

    private final Socket socket;
    private final DataInputStream in;
    private final OutputStream out;

    /**
     * @param code of its error, where it has one
     */
    record Frame(int type, int stream, int code) {}

    RawHttp2(SocketChannel channel) throws IOException {
        socket = channel.socket();
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(SILENCE_MILLIS);
        in = new DataInputStream(socket.getInputStream());
        out = socket.getOutputStream();
        out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        frame(SETTINGS, 0, 0, new byte[0]);
    }

    void frame(int type, int flags, int stream, byte[] payload) throws IOException {
        ByteBuffer frame = ByteBuffer.allocate(9 + payload.length);
        frame.put((byte) (payload.length >> 16)).putShort((short) payload.length);
        frame.put((byte) type).put((byte) flags).putInt(stream).put(payload);
        out.write(frame.array());
    }

    /** A GET as literals that are not indexed (RFC 7541 section 6.2.2). */
    static byte[] get(String path) {
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        literal(block, 0, ":method", "GET");
        literal(block, 0, ":scheme", "http");
        literal(block, 0, ":path", path);
        literal(block, 0, ":authority", "load.example");
        return block.toByteArray();
    }

    /**
     * A GET with one field that is put in the decoder's table, and then named again and again: each
     * time by one byte (RFC 7541 sections 6.1 and 6.2.1).
     */
    static byte[] bomb(int size, int times) {
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        block.writeBytes(get("/"));
        literal(block, 0x40, "x", "a".repeat(size));
        for (int i = 0; i < times; i++) {
            // The first entry behind the static table's 61.
            block.write(0x80 | 62);
        }
        return block.toByteArray();
    }

    private static void literal(ByteArrayOutputStream to, int kind, String name, String value) {
        to.write(kind);
        text(to, name);
        text(to, value);
    }

    /** RFC 7541 sections 5.1 and 5.2, not in Huffman's code. */
    private static void text(ByteArrayOutputStream to, String text) {
        int length = text.length();
        if (length < 127) {
            to.write(length);
        } else {
            to.write(127);
            int rest = length - 127;
            for (; rest >= 128; rest >>= 7) {
                to.write((rest & 127) | 128);
            }
            to.write(rest);
        }
        to.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** Reads to the next frame of a type; {@code null} where the connection ends before. */
    Frame next(int type) throws IOException {
        try {
            while (true) {
                int length = (in.readUnsignedByte() << 16) | in.readUnsignedShort();
                int found = in.readUnsignedByte();
                int _ = in.readUnsignedByte();
                int stream = in.readInt();
                ByteBuffer payload = ByteBuffer.wrap(in.readNBytes(length));
                if (found == type) {
                    int code =
                            switch (found) {
                                case RST_STREAM -> payload.getInt(0);
                                case GOAWAY -> payload.getInt(4);
                                default -> 0;
                            };
                    return new Frame(found, stream, code);
                }
            }
        } catch (EOFException | java.net.SocketException ended) {
            return null;
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
