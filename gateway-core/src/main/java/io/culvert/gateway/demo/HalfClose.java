package io.culvert.gateway.demo;

import io.culvert.linux.NativeMemory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;

/** The client ends its side first, and the server's answer still has to arrive. */
record HalfClose(Family family) implements Scene {
    private static final int QUESTION = 1024 * 1024;
    private static final int BUFFER = 256 * 1024;

    @Override
    public String title() {
        return "half-close over " + family;
    }

    @Override
    public String expectation() {
        return "the whole answer, which the server begins after the client's FIN";
    }

    @Override
    public String play(Stage stage) throws IOException {
        MessageDigest digest = Content.sha256();
        ByteBuffer buffer = NativeMemory.allocate(BUFFER);
        long heard;
        long answer = 0;
        try (Connection connection =
                Connection.tcp(
                        stage.client(Stage.ACME), family.server().address(), LateService.PORT)) {
            Content.write(QUESTION, connection::write);
            connection.endOutput();
            buffer.limit(Long.BYTES);
            while (buffer.hasRemaining() && connection.read(buffer) >= 0) {}
            if (buffer.hasRemaining()) {
                throw new Surprise("the end of the connection after the client's FIN");
            }
            heard = buffer.getLong(0);
            buffer.clear();
            while (connection.read(buffer) >= 0) {
                answer += buffer.flip().remaining();
                digest.update(buffer);
                buffer.clear();
            }
        }
        if (heard != QUESTION || answer != LateService.ANSWER) {
            throw new Surprise(heard + " bytes arrived there and " + answer + " came back");
        }
        if (!Content.text(digest).equals(Content.digest(answer))) {
            throw new Surprise("other bytes than the server sent");
        }
        return Amounts.bytes(answer) + " came after our FIN, SHA-256 equal";
    }
}
