package io.culvert.gateway.demo;

import io.culvert.linux.SyscallException;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * One message of HTTP/1.1 in each direction (RFC 9112), as either end sends and receives them: a
 * head, then as many bytes as its Content-Length says.
 *
 * <p>Confined to one thread.
 */
final class Http {
    private static final String END_OF_HEAD = "\r\n\r\n";
    private static final String CONTENT_LENGTH = "content-length:";

    private final Connection connection;
    private final ByteBuffer buffer;

    /**
     * @param buffer direct, larger than any head; this object's own as long as it is used
     */
    Http(Connection connection, ByteBuffer buffer) {
        this.connection = connection;
        this.buffer = buffer.clear().limit(0);
    }

    /**
     * How a message begins.
     *
     * @param start the request or status line
     * @param contentLength 0 where the head has none
     */
    record Head(String start, long contentLength) {
        /** A request's target, or a response's status. */
        String second() {
            String[] words = start.split(" ", 3);
            return words.length < 2 ? "" : words[1];
        }
    }

    void writeHead(String start, long contentLength) throws SyscallException {
        write(start + "\r\nContent-Length: " + contentLength + "\r\nConnection: close\r\n\r\n");
    }

    /** A response or request whose body is a text. */
    void write(String start, String body) throws SyscallException {
        int length = body.getBytes(StandardCharsets.UTF_8).length;
        write(start + "\r\nContent-Length: " + length + "\r\nConnection: close\r\n\r\n" + body);
    }

    private void write(String text) throws SyscallException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        connection.write(buffer.clear().put(bytes).flip());
        buffer.limit(0);
    }

    /** The next head; what follows it stays in the buffer. */
    Head readHead() throws IOException {
        buffer.compact();
        while (true) {
            String text = StandardCharsets.ISO_8859_1.decode(buffer.duplicate().flip()).toString();
            int end = text.indexOf(END_OF_HEAD);
            if (end >= 0) {
                buffer.flip().position(end + END_OF_HEAD.length());
                return parse(text.substring(0, end));
            }
            if (!buffer.hasRemaining()) {
                throw new IOException("a head of more than " + buffer.capacity() + " bytes");
            }
            if (connection.read(buffer) < 0) {
                throw new EOFException("the connection ended before the end of the head");
            }
        }
    }

    private static Head parse(String text) throws IOException {
        String[] lines = text.split("\r\n", -1);
        long length = 0;
        for (String line : lines) {
            if (line.toLowerCase(Locale.ROOT).startsWith(CONTENT_LENGTH)) {
                try {
                    length = Long.parseLong(line.substring(CONTENT_LENGTH.length()).strip());
                } catch (NumberFormatException e) {
                    throw new IOException("not a length: " + line, e);
                }
            }
        }
        return new Head(lines[0], length);
    }

    /** Gives a body away piece by piece; each piece is read to its limit. */
    void readBody(long length, Consumer<ByteBuffer> taker) throws IOException {
        long left = length;
        while (left > 0) {
            if (!buffer.hasRemaining()) {
                buffer.clear();
                int count = connection.read(buffer);
                buffer.flip();
                if (count < 0) {
                    throw new EOFException(
                            "the connection ended " + Amounts.bytes(left) + " before the end");
                }
            }
            int piece = (int) Math.min(left, buffer.remaining());
            taker.accept(buffer.slice(buffer.position(), piece));
            buffer.position(buffer.position() + piece);
            left -= piece;
        }
    }

    String readText(long length) throws IOException {
        StringBuilder text = new StringBuilder();
        readBody(length, piece -> text.append(StandardCharsets.UTF_8.decode(piece)));
        return text.toString();
    }
}
