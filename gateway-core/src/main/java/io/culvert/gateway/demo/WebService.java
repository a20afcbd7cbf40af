package io.culvert.gateway.demo;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;

/**
 * The demonstration's web server.
 *
 * <pre>
 *   GET /          who is asking, as the server sees it
 *   GET /bytes/N   N bytes of {@link Content}
 *   PUT /digest    the SHA-256 of the body
 * </pre>
 *
 * <p>Stateless.
 */
final class WebService implements TcpServer.Service {
    static final int PORT = 80;

    private static final String OK = "HTTP/1.1 200 OK";
    private static final String BYTES = "/bytes/";

    @Override
    public void serve(Connection client, ByteBuffer buffer) throws IOException {
        Http http = new Http(client, buffer);
        Http.Head request = http.readHead();
        String target = request.second();
        if (request.start().startsWith("GET ") && target.startsWith(BYTES)) {
            bytes(client, http, target.substring(BYTES.length()));
        } else if (request.start().startsWith("PUT ") && target.equals("/digest")) {
            MessageDigest digest = Content.sha256();
            http.readBody(request.contentLength(), digest::update);
            http.write(OK, Content.text(digest) + "\n");
        } else if (request.start().startsWith("GET ") && target.equals("/")) {
            http.write(OK, "You come from " + client.peer() + "\n");
        } else {
            http.write("HTTP/1.1 404 Not Found", "There is GET /, GET /bytes/N, PUT /digest\n");
        }
    }

    private static void bytes(Connection client, Http http, String number) throws IOException {
        if (!number.matches("[0-9]{1,15}")) {
            http.write("HTTP/1.1 400 Bad Request", "GET /bytes/N wants a number\n");
            return;
        }
        long length = Long.parseLong(number);
        http.writeHead(OK, length);
        Content.write(length, client::write);
    }
}
