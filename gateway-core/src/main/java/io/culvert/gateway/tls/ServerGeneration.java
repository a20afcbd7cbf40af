package io.culvert.gateway.tls;

import io.culvert.gateway.tls.HelloHandler.Choice;
import io.culvert.gateway.tls.HelloHandler.Ending;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * All by which the gateway ends TLS, of one reading of the files. Immutable, but for what the mint
 * makes.
 *
 * <p>Threading: any.
 */
final class ServerGeneration {
    private final TlsSettings settings;
    private final ServerCertificates certificates;
    private final Optional<Mint> mint;
    private final NameTable<Boolean> pass;

    /** Made when it is first asked for; null before. */
    private QuicContexts quic;

    private ServerGeneration(
            TlsSettings settings, ServerCertificates certificates, Optional<Mint> mint) {
        this.settings = settings;
        this.certificates = certificates;
        this.mint = mint;
        pass = NameTable.of(settings.inspect().map(TlsSettings.Inspect::pass).orElse(List.of()));
    }

    /**
     * Reads what the settings name.
     *
     * @param clients gives what begins TLS with inspected targets
     * @throws TlsException with a sentence; nothing is left behind
     */
    static ServerGeneration load(
            TlsSettings settings, Mint.Shop shop, TicketKeys tickets, Clients clients)
            throws TlsException {
        Optional<Mint> mint = Optional.empty();
        if (settings.inspect().isPresent()) {
            TlsSettings.Inspect inspect = settings.inspect().get();
            mint =
                    Optional.of(
                            new Mint(
                                    Authority.load(inspect.authority()),
                                    clients.of(inspect.towards()),
                                    shop));
        }
        return new ServerGeneration(
                settings, ServerCertificates.load(settings, shop.engine(), tickets), mint);
    }

    /** Gives what begins TLS. */
    @FunctionalInterface
    interface Clients {
        ClientTls of(ClientTlsSettings settings) throws TlsException;
    }

    TlsSettings settings() {
        return settings;
    }

    boolean terminates() {
        return !certificates.isEmpty();
    }

    boolean inspects() {
        return mint.isPresent();
    }

    boolean passes(String serverName) {
        return pass.find(serverName) != null;
    }

    /** The operator's, that of the authority included. */
    List<KeyedCertificate> certificates() {
        List<KeyedCertificate> all = new ArrayList<>(certificates.certificates());
        mint.ifPresent(one -> all.add(one.authority()));
        return all;
    }

    /** Contexts that seal tickets. */
    List<SharedContext> contexts() {
        return settings.clientAuthorities().isPresent() ? List.of() : certificates.contexts();
    }

    /** What ends the TLS of QUIC. */
    synchronized QuicContexts quic() {
        if (quic == null) {
            quic = new QuicContexts(certificates);
        }
        return quic;
    }

    /** Null where the generation is over, and a later one has to be asked. */
    Choice terminate(ClientOffer offer) {
        SharedContext context = certificates.find(offer);
        return context.hold() ? new Choice.End(context, Ending.NONE) : null;
    }

    /** What becomes of a connection that may be inspected. */
    Future<Choice> inspect(ChannelHandlerContext client, ClientOffer offer, InspectTarget target) {
        Promise<Choice> choice = client.executor().newPromise();
        Optional<String> passed = offer.serverName().filter(this::passes);
        if (passed.isPresent()) {
            return choice.setSuccess(new Choice.Pass(passed.get()));
        }
        Mint by = mint.orElseThrow();
        String name = offer.serverName().orElse(target.address().getAddress().getHostAddress());
        var _ =
                by.context(client, offer, target)
                        .addListener(
                                (Future<SharedContext> made) -> {
                                    if (made.isSuccess()) {
                                        choice.setSuccess(
                                                new Choice.End(
                                                        made.getNow(),
                                                        alert -> by.refused(name, alert)));
                                    } else {
                                        choice.setFailure(made.cause());
                                    }
                                });
        return choice;
    }

    /** Every file that it was read from. */
    List<Path> files() {
        return settings.files();
    }

    /** No handler is made by it any more; those that were live on. */
    void release() {
        certificates.release();
        mint.ifPresent(Mint::release);
    }
}
