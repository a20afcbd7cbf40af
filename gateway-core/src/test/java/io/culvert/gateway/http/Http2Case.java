package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.handler.codec.http2.Http2Error;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/**
 * What a client of HTTP/2 does on a connection of its own, and what it has to be told.
 *
 * @param name what it does, behind the section of RFC 9113, or of RFC 7541 where it says HPACK
 */
record Http2Case(String name, Part client, Outcome outcome) {
    /** A page of five bytes. */
    static final String GET = ":method GET|:scheme http|:path /|:authority a";

    /** It is never answered. */
    static final String HELD = ":method POST|:scheme http|:path /held|:authority a";

    /** What it sends comes back. */
    static final String ECHO = ":method POST|:scheme http|:path /echo|:authority a";

    /** The client's part, or what it then looks at. */
    interface Part {
        void run(FrameScript client) throws IOException;
    }

    /** What becomes of the connection. */
    sealed interface Outcome {
        void check(FrameScript client) throws IOException;
    }

    /** Section 5.4.1: GOAWAY says why, and the connection ends. */
    record ConnectionError(List<Http2Error> any) implements Outcome {
        @Override
        public void check(FrameScript client) throws IOException {
            String told = client.next("GOAWAY", "RST_STREAM");
            assertTrue(
                    any.stream().anyMatch(error -> told.equals("GOAWAY 0 " + error)),
                    () -> any + ", and not " + told);
            client.awaitEnd();
        }
    }

    /** Section 5.4.2: RST_STREAM says why, and the connection goes on. */
    record StreamError(int stream, List<Http2Error> any) implements Outcome {
        @Override
        public void check(FrameScript client) throws IOException {
            String told = client.next("GOAWAY", "RST_STREAM");
            assertTrue(
                    any.stream()
                            .anyMatch(error -> told.equals("RST_STREAM " + stream + " " + error)),
                    () -> any + ", and not " + told);
            new GoesOn(_ -> {}).check(client);
        }
    }

    /** The client sees what it has to, no error, and the connection goes on. */
    record GoesOn(Part sees) implements Outcome {
        private static final int NUMBER = 12_345;

        @Override
        public void check(FrameScript client) throws IOException {
            sees.run(client);
            client.ping(NUMBER);
            assertEquals(
                    "PING 0 ACK " + NUMBER, client.next("PING 0 ACK " + NUMBER, "GOAWAY", "RST_"));
        }
    }

    static Http2Case endsConnection(String name, Http2Error error, Part client) {
        return new Http2Case(name, client, new ConnectionError(List.of(error)));
    }

    static Http2Case resetsStream(String name, Http2Error error, Part client) {
        return new Http2Case(name, client, new StreamError(1, List.of(error)));
    }

    /** Nothing happens that could be seen. */
    static Http2Case goesOn(String name, Part client) {
        return new Http2Case(name, client, new GoesOn(_ -> {}));
    }

    /** It is answered with what these lines say, in their order; other frames may be between. */
    static Http2Case sees(String name, Part client, String... frames) {
        return new Http2Case(
                name,
                client,
                new GoesOn(
                        script -> {
                            for (String frame : frames) {
                                String kind = frame.substring(0, frame.indexOf(' '));
                                String got = script.next(kind, "GOAWAY", "RST_STREAM");
                                // Of a head the fields that matter; of others all.
                                assertTrue(
                                        got.equals(frame)
                                                || (kind.equals("HEADERS")
                                                        && got.startsWith(frame)),
                                        () -> frame + ", and not " + got);
                            }
                        }));
    }

    /** Stream 1 is answered with the page. */
    static Http2Case answers(String name, Part client) {
        return sees(name, client, "HEADERS 1 :status=200", "DATA 1 END hello");
    }

    static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    static byte[] joined(byte[]... parts) {
        byte[] all = new byte[Arrays.stream(parts).mapToInt(part -> part.length).sum()];
        int at = 0;
        for (byte[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }

    @Override
    public String toString() {
        return name;
    }
}
