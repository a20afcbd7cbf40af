package io.culvert.gateway.tls;

import io.netty.handler.ssl.OpenSslSessionContext;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * All of a gateway's TLS: what ends it, what begins it, and the files that both are read from.
 *
 * <p><b>Theory of operation.</b> What is read from files is a generation, made whole beside the one
 * in force and put in its place by one reference; where something of it is wrong, nothing of it
 * counts, and the log says why. The files are looked at every few seconds. Connections keep the
 * context that they began with.
 *
 * <p>What would keep a worker's loop for long, signatures and the checking of certificates, is done
 * by as many threads as there are processors. What waits for them is bounded; a handshake that
 * finds no room fails.
 *
 * <p>Threading: any.
 */
public final class Tls implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Tls.class);

    /** Between two looks at the files. */
    private static final Duration LOOK = Duration.ofSeconds(5);

    private static final Duration EXPIRY_LOOK = Duration.ofHours(1);

    /** Handshakes that may wait for a thread, each of some milliseconds' work at most. */
    private static final int WAITING = 4_096;

    private final TlsFigures figures = new TlsFigures();
    private final TicketKeys tickets = new TicketKeys();
    private final ExpiryWatch expiry = new ExpiryWatch();
    private final InstantSource clock;
    private final Executor tasks;
    private final ThreadPoolExecutor threads;
    private final LiveServerTls server;
    private final Map<ClientTlsSettings, Client> clients = new HashMap<>();
    private WatchedFiles serverFiles;
    private ScheduledExecutorService timer;
    private boolean closed;

    /** Settings in use, and whether their files have changed. */
    private record Client(ClientContexts contexts, WatchedFiles files) {}

    /**
     * A certificate and its end.
     *
     * @param name its file
     */
    public record Expiry(String name, Instant notAfter) {}

    /** Settings that can be used, and are not yet. One of both has to be called. */
    public interface Prepared {
        /** They count from now on; cannot fail. */
        void commit();

        /** They are let go. */
        void release();
    }

    private Tls(TlsSettings settings, InstantSource clock) throws TlsException {
        this.clock = clock;
        int processors = Runtime.getRuntime().availableProcessors();
        AtomicInteger number = new AtomicInteger();
        threads =
                new ThreadPoolExecutor(
                        processors,
                        processors,
                        1,
                        TimeUnit.MINUTES,
                        new LinkedBlockingQueue<>(WAITING),
                        task ->
                                Thread.ofPlatform()
                                        .name("tls-" + number.incrementAndGet())
                                        .daemon()
                                        .unstarted(task));
        threads.allowCoreThreadTimeOut(true);
        tasks = threads;
        serverFiles = new WatchedFiles(settings.files());
        try {
            server = new LiveServerTls(load(settings), tasks, figures);
        } catch (TlsException | RuntimeException e) {
            close();
            throw e;
        }
        used(settings);
    }

    /**
     * Reads what the settings name.
     *
     * @throws TlsException with a sentence for the operator
     */
    public static Tls open(TlsSettings settings) throws TlsException {
        return open(settings, InstantSource.system());
    }

    /** The same by another clock. */
    static Tls open(TlsSettings settings, InstantSource clock) throws TlsException {
        return new Tls(settings, clock);
    }

    /** Ends TLS, by what is in force whenever a client comes. */
    public ServerTls server() {
        return server;
    }

    /** Ends the TLS of QUIC, by what is in force whenever a client comes. */
    public QuicTls quic() {
        return new QuicTls(server, figures);
    }

    public TlsFigures figures() {
        return figures;
    }

    /**
     * Begins TLS; the same for the same settings.
     *
     * @throws TlsException with a sentence, if what they name cannot be used
     */
    public synchronized ClientTls client(ClientTlsSettings settings) throws TlsException {
        Client known = clients.get(settings);
        if (known == null) {
            WatchedFiles files = new WatchedFiles(settings.files());
            TlsSettings now = server == null ? TlsSettings.NONE : server.generation().settings();
            ClientContexts contexts =
                    new ClientContexts(
                            settings,
                            TlsEngine.of(now.engine()),
                            tasks,
                            figures,
                            now.handshakeTimeout());
            known = new Client(contexts, files);
            clients.put(settings, known);
            watch();
        }
        return known.contexts();
    }

    /** How TLS is begun with the targets of connections that it was ended of. */
    public ClientTlsSettings towardsTargets() {
        return server.generation()
                .settings()
                .inspect()
                .map(TlsSettings.Inspect::towards)
                .orElse(ClientTlsSettings.DEFAULT);
    }

    /**
     * Reads what other settings name, for {@link Prepared#commit} to put them in force.
     *
     * @throws TlsException with a sentence; what is in force is as before
     */
    public synchronized Prepared prepare(TlsSettings next) throws TlsException {
        WatchedFiles files = new WatchedFiles(next.files());
        ServerGeneration generation = load(next);
        return new Prepared() {
            @Override
            public void commit() {
                become(generation, files);
            }

            @Override
            public void release() {
                generation.release();
            }
        };
    }

    private synchronized void become(ServerGeneration generation, WatchedFiles files) {
        server.become(generation);
        serverFiles = files;
        used(generation.settings());
    }

    private ServerGeneration load(TlsSettings settings) throws TlsException {
        // Whoever has no TLS loads no library for it.
        TlsEngine engine =
                TlsEngine.of(settings.isNone() ? TlsSettings.Engine.JDK : settings.engine());
        return ServerGeneration.load(
                settings, new Mint.Shop(engine, tasks, clock, figures), tickets, this::client);
    }

    private synchronized void used(TlsSettings settings) {
        if (!settings.isNone()) {
            warnOfModes(settings.keys());
            lookAtExpiry();
            watch();
        }
    }

    private static void warnOfModes(List<Path> keys) {
        for (Path file : keys) {
            TlsFileCheck.mode(file).ifPresent(open -> LOG.warn("{}", open));
        }
    }

    private synchronized void watch() {
        if (timer != null || closed) {
            return;
        }
        timer =
                Executors.newSingleThreadScheduledExecutor(
                        Thread.ofPlatform().name("tls-files").daemon().factory());
        every(LOOK, this::look);
        every(EXPIRY_LOOK, this::lookAtExpiry);
        every(TicketKeys.LIFETIME, this::rotateTicketKeys);
    }

    private void every(Duration period, Runnable task) {
        var _ =
                timer.scheduleWithFixedDelay(
                        () -> {
                            try {
                                task.run();
                            } catch (RuntimeException e) {
                                LOG.error("Looking after certificates failed; it goes on", e);
                            }
                        },
                        period.toMillis(),
                        period.toMillis(),
                        TimeUnit.MILLISECONDS);
    }

    /** Reads files again that have changed. */
    synchronized void look() {
        ServerGeneration generation = server.generation();
        if (serverFiles.hasChanged(generation.files())) {
            try {
                server.become(load(generation.settings()));
                reloaded("to end TLS with");
            } catch (TlsException e) {
                kept(e);
            }
        }
        for (Client client : clients.values()) {
            if (client.files().hasChanged(client.contexts().settings().files())) {
                try {
                    client.contexts().reload();
                    reloaded("to begin TLS with");
                } catch (TlsException e) {
                    kept(e);
                }
            }
        }
    }

    private void reloaded(String what) {
        figures.reloaded();
        LOG.info("The certificates {} have changed and were read again", what);
        lookAtExpiry();
    }

    private void kept(TlsException why) {
        figures.reloadFailed();
        LOG.error(
                "Certificates have changed and cannot be used; those before stay in force: {}",
                why.getMessage());
    }

    private synchronized void lookAtExpiry() {
        expiry.look(all(), server.generation().settings().expiryWarning(), clock.instant());
    }

    /** Seals session tickets with a new key. */
    synchronized void rotateTicketKeys() {
        tickets.rotate();
        for (SharedContext each : server.generation().contexts()) {
            if (each.context().sessionContext() instanceof OpenSslSessionContext sessions) {
                tickets.giveTo(sessions);
            }
        }
    }

    private List<KeyedCertificate> all() {
        List<KeyedCertificate> all = new ArrayList<>(server.generation().certificates());
        clients.values().forEach(each -> each.contexts().own().ifPresent(all::add));
        return all;
    }

    /** The certificates in force that are the operator's, each once, in no order. */
    public synchronized List<Expiry> certificates() {
        Map<String, Instant> ends = new HashMap<>();
        for (KeyedCertificate each : all()) {
            ends.merge(each.source(), each.notAfter(), (one, two) -> one.isBefore(two) ? one : two);
        }
        return ends.entrySet().stream()
                .map(each -> new Expiry(each.getKey(), each.getValue()))
                .toList();
    }

    /** Lets everything go; connections that there are go on. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (timer != null) {
            timer.shutdownNow();
        }
        if (server != null) {
            server.generation().release();
        }
        clients.values().forEach(each -> each.contexts().release());
        clients.clear();
        threads.shutdown();
    }
}
