package io.culvert.gateway.tls;

import io.culvert.gateway.tls.HelloHandler.Choice;
import io.culvert.gateway.tls.HelloHandler.Terms;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.Future;

import java.util.concurrent.Executor;

/**
 * The generation in force. A handler asks for it when its ClientHello is there, so that whoever
 * connects after a change is answered by what was changed.
 *
 * <p>Threading: any; one replaces it at a time.
 */
final class LiveServerTls implements ServerTls {
    private final Executor tasks;
    private final TlsFigures figures;
    private volatile ServerGeneration now;

    LiveServerTls(ServerGeneration first, Executor tasks, TlsFigures figures) {
        now = first;
        this.tasks = tasks;
        this.figures = figures;
    }

    ServerGeneration generation() {
        return now;
    }

    void become(ServerGeneration next) {
        ServerGeneration before = now;
        now = next;
        before.release();
    }

    @Override
    public ChannelHandler terminate() {
        if (!terminates()) {
            throw new IllegalStateException("there is no certificate to end TLS with");
        }
        return new HelloHandler(this::terminated, terms());
    }

    @Override
    public ChannelHandler inspect(InspectTarget target) {
        if (!inspects()) {
            throw new IllegalStateException("there is no authority to mint certificates with");
        }
        return new HelloHandler((client, offer) -> inspected(client, offer, target), terms());
    }

    private Terms terms() {
        return new Terms(now.settings().handshakeTimeout(), tasks, figures);
    }

    private Future<Choice> terminated(ChannelHandlerContext client, ClientOffer offer) {
        for (; ; ) {
            ServerGeneration generation = now;
            if (!generation.terminates()) {
                return client.executor().newFailedFuture(gone());
            }
            Choice choice = generation.terminate(offer);
            if (choice != null) {
                return client.executor().newSucceededFuture(choice);
            }
        }
    }

    private Future<Choice> inspected(
            ChannelHandlerContext client, ClientOffer offer, InspectTarget target) {
        ServerGeneration generation = now;
        return generation.inspects()
                ? generation.inspect(client, offer, target)
                : client.executor().newFailedFuture(gone());
    }

    private static TlsException gone() {
        return new TlsException("TLS is not ended here any more: the configuration has changed");
    }

    @Override
    public boolean terminates() {
        return now.terminates();
    }

    @Override
    public boolean inspects() {
        return now.inspects();
    }

    @Override
    public boolean passes(String serverName) {
        return now.passes(serverName);
    }
}
