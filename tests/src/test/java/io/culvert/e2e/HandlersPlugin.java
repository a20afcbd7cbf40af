package io.culvert.e2e;

import io.culvert.hook.ByteStream;
import io.culvert.hook.Connection;
import io.culvert.hook.ConnectionHandler;
import io.culvert.hook.Egress;
import io.culvert.hook.EgressRequest;
import io.culvert.hook.Endpoint;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.Hooks;
import io.culvert.hook.Host;
import io.culvert.hook.NoSettings;
import io.culvert.hook.Plugin;
import io.culvert.hook.RefusedException;
import io.culvert.hook.RelayObserver;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A plugin with handlers for tests, which pack it into a jar. As it has a class loader of its own
 * it tells what it has counted by objects of the Java library's, in the system properties.
 *
 * <p>By destination ports it chooses ways out: {@link #UPSTREAM_PORT}, {@link #SOURCE_PORT} and
 * {@link #WRONG_SOURCE_PORT}.
 */
public final class HandlersPlugin implements Plugin<NoSettings> {
    /** What is for it goes to the server's second address, to {@link #UPSTREAM_PORT} + 1. */
    static final int UPSTREAM_PORT = 7_001;

    /** What is for it leaves from {@link #source}. */
    static final int SOURCE_PORT = 7_003;

    /** What is for it is to leave from an address that is none of the gateway's host. */
    static final int WRONG_SOURCE_PORT = 7_004;

    /** Bytes that the handler {@code page} writes. */
    static final int PAGE = 100 * 1024 * 1024;

    private static final String COUNTER = "culvert.test.handlers.";
    private static final int CHUNK = 64 * 1024;

    /** What the handlers have counted under a name, for both class loaders. */
    static AtomicLong counter(String name) {
        return (AtomicLong)
                System.getProperties().computeIfAbsent(COUNTER + name, key -> new AtomicLong());
    }

    /** An address of the gateway's host besides the one that it would choose. */
    static InetAddress source(boolean ipv6) {
        return address(ipv6 ? "fd00:2::9" : "10.2.0.9");
    }

    private static InetAddress address(String literal) {
        try {
            return InetAddress.getByName(literal);
        } catch (IOException e) {
            throw new IllegalArgumentException(e);
        }
    }

    @Override
    public String name() {
        return "handlers";
    }

    @Override
    public String version() {
        return "1";
    }

    @Override
    public Class<NoSettings> settings() {
        return NoSettings.class;
    }

    @Override
    public Hooks start(NoSettings settings, Host host) {
        return Hooks.none()
                .handler("observe", HandlersPlugin::observe)
                .handler("copy", HandlersPlugin::copy)
                .handler("splice", Connection::relay)
                .handler("greet", new Greeting())
                .handler("page", HandlersPlugin::page)
                .handler("fail", HandlersPlugin::fail)
                .handler("fail-late", HandlersPlugin::failLate)
                .handler("hang", HandlersPlugin::hang)
                .handler("refuse", HandlersPlugin::refuse)
                .egress(HandlersPlugin::choose);
    }

    private static void observe(Connection connection) throws IOException {
        connection.relay(new Counting());
    }

    /** Counts what passes. */
    private static final class Counting implements RelayObserver {
        @Override
        public void fromInitiator(ByteBuffer bytes) {
            counter("up").addAndGet(bytes.remaining());
        }

        @Override
        public void fromTarget(ByteBuffer bytes) {
            counter("down").addAndGet(bytes.remaining());
        }
    }

    private static void refuse(Connection connection) throws IOException {
        connection.relay(new Strict());
    }

    /** Refuses what begins with the letter x, of either side. */
    private static final class Strict implements RelayObserver {
        @Override
        public void fromInitiator(ByteBuffer bytes) throws RefusedException {
            look(bytes);
        }

        @Override
        public void fromTarget(ByteBuffer bytes) throws RefusedException {
            look(bytes);
        }

        private static void look(ByteBuffer bytes) throws RefusedException {
            if (bytes.get() == 'x') {
                throw new RefusedException("no x");
            }
        }
    }

    /** A relay in blocking style. */
    private static void copy(Connection connection) throws Exception {
        ByteStream target = connection.target();
        Thread down = Thread.ofVirtual().start(() -> copy(target, connection.initiator(), "down"));
        copy(connection.initiator(), target, "up");
        down.join();
    }

    private static void copy(ByteStream from, ByteStream to, String counter) {
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
        try {
            while (from.read(chunk.clear()) >= 0) {
                counter(counter).addAndGet(chunk.flip().remaining());
                to.write(chunk);
            }
            to.shutdownOutput();
        } catch (IOException reset) {
            counter("broken").incrementAndGet();
        }
    }

    /** Says who it thinks that the initiator is, reads a line, and only then has a target. */
    private static final class Greeting implements ConnectionHandler {
        @Override
        public boolean answersFirst() {
            return true;
        }

        @Override
        public void handle(Connection connection) throws Exception {
            OutputStream out = connection.initiator().output();
            FlowInfo flow = connection.flow();
            out.write(
                    (flow.tenant() + " " + flow.initiator() + "\n")
                            .getBytes(StandardCharsets.UTF_8));
            int wish = connection.initiator().input().read();
            if (wish == 'q') {
                return;
            }
            try {
                connection.target().write(ByteBuffer.wrap(new byte[] {(byte) wish}));
            } catch (IOException e) {
                out.write(e.getMessage().getBytes(StandardCharsets.UTF_8));
                return;
            }
            connection.relay();
        }
    }

    private static void page(Connection connection) throws IOException {
        ByteBuffer page = ByteBuffer.allocateDirect(PAGE);
        connection.initiator().write(page);
        counter("page").set(page.position());
    }

    private static void fail(Connection connection) {
        throw new IllegalStateException("a handler that fails at once");
    }

    private static void failLate(Connection connection) throws IOException {
        int first = connection.initiator().input().read();
        throw new IllegalStateException("a handler that fails after " + first);
    }

    private static void hang(Connection connection) throws Exception {
        counter("hanging").incrementAndGet();
        try {
            Thread.sleep(Long.MAX_VALUE);
        } finally {
            counter("hanging").decrementAndGet();
        }
    }

    private static Egress choose(EgressRequest request) {
        Endpoint target = request.flow().target();
        boolean ipv6 = target.isIpv6();
        Egress proposed = request.proposed();
        return switch (target.port()) {
            case UPSTREAM_PORT ->
                    proposed.to(
                            new Endpoint(
                                    address(ipv6 ? "fd00:2::3" : "10.2.0.3"), UPSTREAM_PORT + 1));
            case SOURCE_PORT -> proposed.from(source(ipv6));
            case WRONG_SOURCE_PORT -> proposed.from(address(ipv6 ? "2001:db8::77" : "192.0.2.77"));
            default -> proposed;
        };
    }
}
