package io.culvert.gateway.plugin.kit;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * A client or a server in a test, as its {@link Script} plays it. What is not as it should be is an
 * {@link AssertionError}, which fails the test.
 */
public final class Peer {
    private final String name;
    private final Pipe in;
    private final Pipe out;
    private final HandClock clock;
    private final ByteArrayOutputStream heard = new ByteArrayOutputStream();
    private boolean sawReset;

    Peer(String name, Pipe in, Pipe out, HandClock clock) {
        this.name = name;
        this.in = in;
        this.out = out;
        this.clock = clock;
    }

    /** Sends a text as UTF-8. */
    public Peer say(String text) throws IOException {
        return say(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Sends bytes; waits where the other side does not read. */
    public Peer say(byte... bytes) throws IOException {
        out.write(ByteBuffer.wrap(bytes), Duration.ZERO);
        return this;
    }

    /** Waits for exactly this text. */
    public Peer hear(String expected) throws IOException {
        byte[] bytes = expected.getBytes(StandardCharsets.UTF_8);
        String text = new String(hear(bytes.length), StandardCharsets.UTF_8);
        if (!text.equals(expected)) {
            throw new AssertionError(
                    "the %s heard \"%s\" in place of \"%s\"".formatted(name, text, expected));
        }
        return this;
    }

    /** Waits for so many bytes, or the end. */
    public byte[] hear(int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        int part = 0;
        while (bytes.hasRemaining() && part >= 0) {
            part = read(bytes);
        }
        byte[] all = new byte[bytes.position()];
        bytes.get(0, all);
        return all;
    }

    /** Waits for a line, and answers it without its end. */
    public String hearLine() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        ByteBuffer one = ByteBuffer.allocate(1);
        while (read(one.clear()) >= 0 && one.get(0) != '\n') {
            line.write(one.get(0));
        }
        return line.toString(StandardCharsets.UTF_8).stripTrailing();
    }

    /** Waits until the other side has ended; a reset is not an end. */
    public Peer hearEnd() throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(8192);
        int part = 0;
        while (part >= 0) {
            part = read(bytes.clear());
        }
        return this;
    }

    /** Waits until the other side has reset the connection. */
    public Peer hearReset() throws IOException {
        try {
            hearEnd();
        } catch (IOException reset) {
            if (sawReset) {
                return this;
            }
            throw reset;
        }
        throw new AssertionError("the " + name + " heard the end in place of a reset");
    }

    private int read(ByteBuffer into) throws IOException {
        int before = into.position();
        int length;
        try {
            length = in.read(into, Duration.ZERO);
        } catch (IOException failure) {
            sawReset = in.isOver();
            throw failure;
        }
        for (int i = before; i < into.position(); i++) {
            heard.write(into.get(i));
        }
        return length;
    }

    /**
     * Says nothing for so long: once the plugin waits to read from this side, the clock moves. A
     * {@linkplain io.culvert.hook.ByteStream#timeout limit} of the plugin's then ends its wait.
     */
    public Peer fallSilent(Duration time) throws InterruptedException {
        out.awaitReader();
        clock.advance(time);
        return this;
    }

    /** Says its last; it still listens. */
    public Peer end() {
        out.end();
        return this;
    }

    /** Resets the connection. */
    public Peer reset() {
        out.reset();
        in.reset();
        return this;
    }

    /** After the script: reads what still comes, so that all that was sent to it is known. */
    void finish() {
        out.end();
        try {
            hearEnd();
        } catch (IOException reset) {
            // It stands in sawReset.
        }
    }

    boolean sawReset() {
        return sawReset;
    }

    byte[] heard() {
        return heard.toByteArray();
    }
}
