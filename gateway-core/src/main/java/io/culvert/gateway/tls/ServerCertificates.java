package io.culvert.gateway.tls;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The operator's certificates, read at once: by name, and for each name by kind of key. The
 * contexts are made beforehand, so that all that can fail has failed before the first is used.
 *
 * <p>Threading: any.
 */
final class ServerCertificates {
    private final NameTable<Offer> names = new NameTable<>();
    private final List<KeyedCertificate> certificates;
    private final Optional<ClientAuthorities> clients;
    private final List<SharedContext> contexts = new ArrayList<>();

    /** For clients that name nothing known; null where there is no certificate. */
    private Offer otherwise;

    /** A name's certificates: of each kind of key the first. */
    private record Offer(Map<KeyKind, SharedContext> byKind) {
        /** The first kind that the client can check, or else any: it will say so itself. */
        SharedContext choose(Set<KeyKind> kinds) {
            for (Map.Entry<KeyKind, SharedContext> each : byKind.entrySet()) {
                if (kinds.contains(each.getKey())) {
                    return each.getValue();
                }
            }
            return byKind.values().iterator().next();
        }
    }

    private ServerCertificates(
            List<KeyedCertificate> certificates, Optional<ClientAuthorities> clients) {
        this.certificates = List.copyOf(certificates);
        this.clients = clients;
    }

    /**
     * Reads them all, or none.
     *
     * @param tickets by whose keys sessions are resumed
     */
    static ServerCertificates load(TlsSettings settings, TlsEngine engine, TicketKeys tickets)
            throws TlsException {
        Optional<ClientAuthorities> clients = Optional.empty();
        if (settings.clientAuthorities().isPresent()) {
            clients =
                    Optional.of(
                            new ClientAuthorities(
                                    Pem.read(settings.clientAuthorities().get()).certificates(),
                                    settings.clientOptional()));
        }
        List<KeyedCertificate> certificates = new ArrayList<>();
        for (CertificateFiles files : settings.certificates()) {
            certificates.add(KeyedCertificate.load(files));
        }
        ServerCertificates all = new ServerCertificates(certificates, clients);
        try {
            for (KeyedCertificate each : certificates) {
                // A client that is known by its certificate shows it each time: a ticket would be
                // good for longer than the certificate, or its authority, may be.
                all.add(
                        each,
                        new SharedContext(
                                engine.server(
                                        each,
                                        clients,
                                        clients.isPresent()
                                                ? Optional.empty()
                                                : Optional.of(tickets))));
            }
        } catch (TlsException | RuntimeException e) {
            all.release();
            throw e;
        }
        return all;
    }

    private void add(KeyedCertificate certificate, SharedContext context) {
        contexts.add(context);
        List<String> patterns = certificate.names();
        for (String pattern : patterns) {
            names.at(pattern, () -> new Offer(new EnumMap<>(KeyKind.class)))
                    .byKind()
                    .putIfAbsent(certificate.kind(), context);
        }
        if (otherwise == null) {
            otherwise =
                    patterns.isEmpty()
                            ? new Offer(new EnumMap<>(Map.of(certificate.kind(), context)))
                            : names.at(patterns.getFirst(), () -> null);
        }
    }

    boolean isEmpty() {
        return certificates.isEmpty();
    }

    /** Whose certificates clients show; empty where none is asked for. */
    Optional<ClientAuthorities> clients() {
        return clients;
    }

    List<KeyedCertificate> certificates() {
        return certificates;
    }

    /** For what has to be told to each. */
    List<SharedContext> contexts() {
        return List.copyOf(contexts);
    }

    /** The context for a client. */
    SharedContext find(ClientOffer offer) {
        Offer named = offer.serverName().map(names::find).orElse(null);
        return (named == null ? otherwise : named).choose(offer.kinds());
    }

    /** No handler is made of them any more. */
    void release() {
        contexts.forEach(SharedContext::release);
    }
}
