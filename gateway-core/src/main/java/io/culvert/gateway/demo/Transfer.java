package io.culvert.gateway.demo;

import io.culvert.linux.NativeMemory;

import java.io.IOException;
import java.security.MessageDigest;

/**
 * A transfer, hashed by its receiver as it arrives. It is done again with twice as much until it
 * takes a moment, so that it is long on a fast machine and ends in time on a slow one.
 */
record Transfer(Family family, Way way) implements Scene {
    private static final long MEBIBYTE = 1024 * 1024;
    private static final long SHORTEST = 32 * MEBIBYTE;
    private static final long LONGEST = 512 * MEBIBYTE;
    private static final long MOMENT_NANOS = 300_000_000L;
    private static final int BUFFER = 512 * 1024;

    enum Way {
        DOWNLOAD("big download"),
        UPLOAD("big upload");

        private final String words;

        Way(String words) {
            this.words = words;
        }
    }

    @Override
    public String title() {
        return way.words + " over " + family;
    }

    @Override
    public String expectation() {
        return "the receiver to see the SHA-256 of what the sender sent";
    }

    @Override
    public String play(Stage stage) throws IOException {
        long bytes = SHORTEST;
        // The first runs code that the JVM has yet to compile, and counts for nothing.
        transfer(stage, bytes);
        long nanos = transfer(stage, bytes);
        while (nanos < MOMENT_NANOS && bytes < LONGEST) {
            bytes *= 2;
            nanos = transfer(stage, bytes);
        }
        return Amounts.bytes(bytes) + " at " + Amounts.rate(bytes, nanos) + ", SHA-256 equal";
    }

    /** Transfers and compares; the time from the request to the last byte, or to the answer. */
    private long transfer(Stage stage, long bytes) throws IOException {
        String seen;
        long nanos;
        try (Connection connection =
                Connection.tcp(
                        stage.client(Stage.ACME), family.server().address(), WebService.PORT)) {
            Http http = new Http(connection, NativeMemory.allocate(BUFFER));
            long start = System.nanoTime();
            seen =
                    switch (way) {
                        case DOWNLOAD -> download(http, bytes);
                        case UPLOAD -> upload(connection, http, bytes);
                    };
            nanos = System.nanoTime() - start;
        }
        if (!seen.equals(Content.digest(bytes))) {
            throw new Surprise("other bytes, with the hash " + seen);
        }
        return nanos;
    }

    private static String download(Http http, long bytes) throws IOException {
        http.writeHead("GET /bytes/" + bytes + " HTTP/1.1", 0);
        Http.Head head = http.readHead();
        if (!head.second().equals("200") || head.contentLength() != bytes) {
            throw new Surprise(head.toString());
        }
        MessageDigest digest = Content.sha256();
        http.readBody(bytes, digest::update);
        return Content.text(digest);
    }

    private static String upload(Connection connection, Http http, long bytes) throws IOException {
        http.writeHead("PUT /digest HTTP/1.1", bytes);
        Content.write(bytes, connection::write);
        return http.readText(http.readHead().contentLength()).strip();
    }
}
