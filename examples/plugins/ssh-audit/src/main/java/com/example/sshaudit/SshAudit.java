package com.example.sshaudit;

import io.culvert.hook.Connection;
import io.culvert.hook.ConnectionHandler;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.Host;
import io.culvert.hook.RefusedException;
import io.culvert.hook.RelayObserver;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Relays a connection, listens to what both sides say first, and logs a line when it is over.
 * Threading: any number of connections at once.
 */
final class SshAudit implements ConnectionHandler {
    private final boolean compatible;
    private final Host host;

    SshAudit(boolean compatible, Host host) {
        this.compatible = compatible;
        this.host = host;
    }

    @Override
    public void handle(Connection connection) throws IOException {
        Instant begun = host.clock().instant();
        Observer observer = new Observer();
        String outcome = "reset";
        try {
            connection.relay(observer);
            outcome = "closed";
        } catch (RefusedException refused) {
            outcome = "refused (" + refused.getMessage() + ")";
            throw refused;
        } finally {
            log(
                    connection.flow(),
                    observer,
                    Duration.between(begun, host.clock().instant()),
                    outcome);
        }
    }

    private void log(FlowInfo flow, Observer seen, Duration duration, String outcome) {
        host.log().log(
                Level.INFO,
                "tenant=%s initiator=%s target=%s client=\"%s\" server=\"%s\" sent=%d received=%d ms=%d outcome=%s"
                        .formatted(
                                flow.tenant(),
                                flow.initiator(),
                                flow.target(),
                                seen.client,
                                seen.server,
                                seen.sent.get(),
                                seen.received.get(),
                                duration.toMillis(),
                                outcome));
    }

    /** One thread a direction, so what each writes is atomic or its own. */
    private final class Observer implements RelayObserver {
        private final Greeting client = new Greeting();
        private final Greeting server = new Greeting();
        private final AtomicLong sent = new AtomicLong();
        private final AtomicLong received = new AtomicLong();

        @Override
        public void fromInitiator(ByteBuffer bytes) throws RefusedException {
            sent.addAndGet(bytes.remaining());
            listen(client, bytes, "client");
        }

        @Override
        public void fromTarget(ByteBuffer bytes) throws RefusedException {
            received.addAndGet(bytes.remaining());
            listen(server, bytes, "server");
        }

        /** What throws here is not passed on. */
        private void listen(Greeting greeting, ByteBuffer bytes, String who)
                throws RefusedException {
            if (greeting.isComplete()) {
                return;
            }
            greeting.hear(bytes);
            if (greeting.isComplete() && !isAllowed(greeting.version())) {
                throw new RefusedException(
                        greeting.version().isEmpty()
                                ? who + " speaks no SSH"
                                : who + " speaks version " + greeting.version());
            }
        }

        /** RFC 4253 section 4.2, and 5.1 for 1.99. */
        private boolean isAllowed(String version) {
            return version.equals("2.0") || compatible && version.equals("1.99");
        }
    }
}
