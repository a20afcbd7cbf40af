package io.culvert.gateway.tls;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;

import org.bouncycastle.asn1.x509.GeneralName;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/**
 * Certificates for inspection, made when they are first needed and kept by name and kind of key.
 *
 * <p>A key of each kind is made once for all of them: it never leaves the process, and a new one of
 * RSA for each name would cost a processor a tenth of a second. Names and end are those of the
 * original, where the target shows one that is believed; else there is the client's word alone, and
 * whoever goes on to the target does not believe it either.
 *
 * <p>Threading: any; certificates are made on the executor.
 */
final class Mint {
    private static final Logger LOG = LoggerFactory.getLogger(Mint.class);

    /** Contexts that are kept, each of some tens of kilobytes. */
    static final int KEPT = 1_000;

    /** After which a target is asked again. */
    static final Duration FRESH = Duration.ofHours(12);

    /** RFC 5280, section 4.2.1.6: GeneralName. */
    private static final int DNS = 2;

    private static final int IP = 7;

    /** Names about whose refusals something was said. */
    private static final int TOLD = 1_000;

    private final Authority authority;
    private final ClientTls towardsTargets;
    private final Shop shop;
    private final ContextCache<Key> kept;
    private final Map<KeyKind, KeyPair> keys = new EnumMap<>(KeyKind.class);
    private final Set<String> refusedNames = new LinkedHashSet<>();

    /** What a mint works with. */
    record Shop(TlsEngine engine, Executor executor, InstantSource clock, TlsFigures figures) {}

    /** For whom a certificate is. */
    private record Key(String name, KeyKind kind) {}

    Mint(Authority authority, ClientTls towardsTargets, Shop shop) {
        this.authority = authority;
        this.towardsTargets = towardsTargets;
        this.shop = shop;
        kept = new ContextCache<>(KEPT, shop.clock());
    }

    KeyedCertificate authority() {
        return authority.certificate();
    }

    /**
     * The context for a client.
     *
     * @return held for the caller, on the loop
     */
    Future<SharedContext> context(
            ChannelHandlerContext client, ClientOffer offer, InspectTarget target) {
        KeyKind kind = offer.kinds().contains(KeyKind.P256) ? KeyKind.P256 : KeyKind.RSA;
        String address = target.address().getAddress().getHostAddress();
        EventLoop loop = client.channel().eventLoop();
        return kept.get(
                new Key(offer.serverName().orElse(address), kind),
                loop,
                () -> {
                    CompletableFuture<ContextCache.Made> made = new CompletableFuture<>();
                    var _ =
                            OriginalCertificate.ask(
                                            target, offer.serverName(), towardsTargets, loop)
                                    .addListener(
                                            (Future<Optional<X509Certificate>> original) ->
                                                    make(
                                                            draft(
                                                                    offer.serverName(),
                                                                    address,
                                                                    original.getNow()),
                                                            kind,
                                                            made));
                    return made;
                });
    }

    private void make(
            Authority.Draft draft, KeyKind kind, CompletableFuture<ContextCache.Made> made) {
        try {
            shop.executor()
                    .execute(
                            () -> {
                                try {
                                    made.complete(make(draft, kind));
                                } catch (TlsException | RuntimeException e) {
                                    made.completeExceptionally(e);
                                }
                            });
        } catch (RejectedExecutionException full) {
            made.completeExceptionally(full);
        }
    }

    private ContextCache.Made make(Authority.Draft draft, KeyKind kind) throws TlsException {
        Instant now = shop.clock().instant();
        KeyedCertificate certificate = authority.issue(draft, key(kind), now);
        SharedContext context =
                new SharedContext(
                        shop.engine().server(certificate, Optional.empty(), Optional.empty()));
        shop.figures().certificateMinted();
        // So that nobody is shown one that has ended, or is about to.
        Instant half = now.plus(Duration.between(now, certificate.notAfter()).dividedBy(2));
        Instant until = now.plus(FRESH);
        return new ContextCache.Made(context, half.isBefore(until) ? half : until);
    }

    private synchronized KeyPair key(KeyKind kind) throws TlsException {
        KeyPair key = keys.get(kind);
        if (key == null) {
            try {
                KeyPairGenerator generator =
                        KeyPairGenerator.getInstance(kind.isElliptic() ? "EC" : "RSA");
                if (kind.isElliptic()) {
                    generator.initialize(new ECGenParameterSpec("secp256r1"));
                } else {
                    generator.initialize(2048);
                }
                key = generator.generateKeyPair();
            } catch (GeneralSecurityException e) {
                throw new TlsException("no key can be made: " + e.getMessage(), e);
            }
            keys.put(kind, key);
        }
        return key;
    }

    /** What the client asked for comes first: the certificate is called by it. */
    private static Authority.Draft draft(
            Optional<String> name, String address, Optional<X509Certificate> original) {
        Set<GeneralName> names = new LinkedHashSet<>();
        names.add(
                name.map(one -> new GeneralName(GeneralName.dNSName, one))
                        .orElseGet(() -> new GeneralName(GeneralName.iPAddress, address)));
        original.ifPresent(certificate -> names.addAll(names(certificate)));
        return new Authority.Draft(
                new ArrayList<>(names),
                original.map(one -> one.getNotAfter().toInstant()).orElse(Instant.MAX));
    }

    private static List<GeneralName> names(X509Certificate certificate) {
        List<GeneralName> names = new ArrayList<>();
        try {
            var all = certificate.getSubjectAlternativeNames();
            if (all != null) {
                for (List<?> one : all) {
                    String text = String.valueOf(one.get(1));
                    if (one.get(0).equals(DNS)) {
                        names.add(new GeneralName(GeneralName.dNSName, text));
                    } else if (one.get(0).equals(IP)) {
                        names.add(new GeneralName(GeneralName.iPAddress, text));
                    }
                }
            }
        } catch (CertificateParsingException | IllegalArgumentException broken) {
            return List.of();
        }
        return names;
    }

    /** A client did not want a handshake with a minted certificate to end. */
    void refused(String name, String alert) {
        if (!HandshakeFailure.isDistrust(alert)) {
            return;
        }
        shop.figures().inspectionRefused();
        boolean first;
        synchronized (refusedNames) {
            first = refusedNames.size() < TOLD && refusedNames.add(name);
        }
        if (first) {
            LOG.warn(
                    "A client refuses the certificate minted for {} ({}): it does not trust the"
                            + " authority, or wants the original. tls: inspect: pass lets the name"
                            + " through undecrypted",
                    name,
                    alert);
        }
    }

    void release() {
        kept.clear();
    }
}
