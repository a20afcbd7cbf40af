package io.culvert.gateway.demo;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Says nothing until its client has sent everything and ended its side; only then does it answer,
 * with how much that was and {@value #ANSWER} bytes of {@link Content}. A relay that takes the
 * client's end for the end of all cuts the answer off.
 *
 * <p>Stateless.
 */
final class LateService implements TcpServer.Service {
    static final int PORT = 9_000;
    static final int ANSWER = 4 * 1024 * 1024;

    @Override
    public void serve(Connection client, ByteBuffer buffer) throws IOException {
        long received = 0;
        for (int count = client.read(buffer); count >= 0; count = client.read(buffer)) {
            received += count;
            buffer.clear();
        }
        client.write(buffer.clear().putLong(received).flip());
        Content.write(ANSWER, client::write);
    }
}
