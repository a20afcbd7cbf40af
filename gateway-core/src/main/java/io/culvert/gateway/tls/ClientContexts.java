package io.culvert.gateway.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;

import javax.net.ssl.TrustManagerFactory;

/**
 * Begins TLS by one's settings. There is a context for each list of protocols; when the files
 * change all of them are made anew.
 *
 * <p>Threading: any.
 */
final class ClientContexts implements ClientTls {
    private final ClientTlsSettings settings;
    private final TlsEngine engine;
    private final Executor tasks;
    private final TlsFigures figures;
    private final Duration timeout;
    private Files files;
    private Map<List<String>, SharedContext> contexts;

    /** Those that a proxy asks for; others are made at their first use, on a worker's loop. */
    private static final List<List<String>> USUAL =
            List.of(List.of(), List.of("h2"), List.of("http/1.1"), List.of("h2", "http/1.1"));

    /** What was read. */
    private record Files(TrustManagerFactory trusted, Optional<KeyedCertificate> own) {
        static Files of(ClientTlsSettings settings) throws TlsException {
            TrustManagerFactory trusted = InsecureTrustManagerFactory.INSTANCE;
            if (settings.verify()) {
                trusted =
                        settings.authorities().isPresent()
                                ? trusted(Pem.read(settings.authorities().get()).certificates())
                                : trusted(List.of());
            }
            Optional<KeyedCertificate> own = Optional.empty();
            if (settings.certificate().isPresent()) {
                own = Optional.of(KeyedCertificate.load(settings.certificate().get()));
            }
            return new Files(trusted, own);
        }

        /** By the authorities, or by the system's where there are none. */
        private static TrustManagerFactory trusted(List<X509Certificate> authorities)
                throws TlsException {
            try {
                TrustManagerFactory trusted =
                        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
                KeyStore store = null;
                if (!authorities.isEmpty()) {
                    store = KeyStore.getInstance(KeyStore.getDefaultType());
                    store.load(null, null);
                    for (X509Certificate each : authorities) {
                        store.setCertificateEntry(Integer.toString(store.size()), each);
                    }
                }
                trusted.init(store);
                return trusted;
            } catch (GeneralSecurityException | IOException e) {
                throw new TlsException(
                        "the trusted authorities cannot be read: " + e.getMessage(), e);
            }
        }
    }

    /**
     * Reads what the settings name.
     *
     * @throws TlsException with a sentence
     */
    ClientContexts(
            ClientTlsSettings settings,
            TlsEngine engine,
            Executor tasks,
            TlsFigures figures,
            Duration timeout)
            throws TlsException {
        this.settings = settings;
        this.engine = engine;
        this.tasks = tasks;
        this.figures = figures;
        this.timeout = timeout;
        files = Files.of(settings);
        contexts = usual(files);
    }

    private Map<List<String>, SharedContext> usual(Files with) throws TlsException {
        Map<List<String>, SharedContext> usual = new HashMap<>();
        try {
            for (List<String> alpn : USUAL) {
                usual.put(alpn, make(with, alpn));
            }
        } catch (TlsException | RuntimeException e) {
            usual.values().forEach(SharedContext::release);
            throw e;
        }
        return usual;
    }

    private SharedContext make(Files with, List<String> alpn) throws TlsException {
        return new SharedContext(
                engine.client(with.trusted(), settings.verify(), with.own(), alpn));
    }

    /**
     * Reads the files again; handlers are made by what is in them from now on.
     *
     * @throws TlsException with a sentence; all is then as before
     */
    void reload() throws TlsException {
        Files next = Files.of(settings);
        Map<List<String>, SharedContext> fresh = usual(next);
        Map<List<String>, SharedContext> old;
        synchronized (this) {
            files = next;
            old = contexts;
            contexts = fresh;
        }
        old.values().forEach(SharedContext::release);
    }

    ClientTlsSettings settings() {
        return settings;
    }

    /** What the gateway shows where it is asked to. */
    synchronized Optional<KeyedCertificate> own() {
        return files.own();
    }

    @Override
    public SslHandler newHandler(
            ByteBufAllocator allocator, String host, int port, List<String> alpn) {
        SharedContext context = held(List.copyOf(alpn));
        try {
            SslHandler handler =
                    context.context()
                            .newHandler(allocator, settings.name().orElse(host), port, tasks);
            handler.setHandshakeTimeoutMillis(timeout.toMillis());
            Handshakes.watchClient(handler, figures);
            return handler;
        } finally {
            context.release();
        }
    }

    private synchronized SharedContext held(List<String> alpn) {
        SharedContext context = contexts.get(alpn);
        if (context == null) {
            try {
                context = make(files, alpn);
            } catch (TlsException e) {
                throw new IllegalStateException("the same files were used before", e);
            }
            contexts.put(alpn, context);
        }
        if (!context.hold()) {
            throw new IllegalStateException("a context goes when it is in the map no more");
        }
        return context;
    }

    /** No handler is made any more. */
    void release() {
        Map<List<String>, SharedContext> old;
        synchronized (this) {
            old = contexts;
            contexts = new HashMap<>();
        }
        old.values().forEach(SharedContext::release);
    }
}
