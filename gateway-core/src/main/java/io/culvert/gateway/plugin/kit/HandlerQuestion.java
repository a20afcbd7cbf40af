package io.culvert.gateway.plugin.kit;

import io.culvert.gateway.plugin.kit.HandlerOutcome.Heard;
import io.culvert.hook.ConnectionHandler;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.Reason;
import io.culvert.hook.RefusedException;

import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A connection for a handler, between a client and a server that are scripts; without a script a
 * side listens and ends when the other does.
 */
public final class HandlerQuestion {
    /** Real time, as somebody who waits for ever does not do so by the clock that stands. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final ConnectionHandler handler;
    private final FlowInfo flow;
    private final HandClock clock;
    private final List<Player> players = new ArrayList<>();
    private Script client = Script.LISTEN;
    private Script server = Script.LISTEN;
    private boolean refuses;

    /** Somebody who plays a script. */
    private record Player(Peer peer, CompletableFuture<Optional<Throwable>> end) {}

    HandlerQuestion(ConnectionHandler handler, FlowInfo flow, HandClock clock) {
        this.handler = handler;
        this.flow = flow;
        this.clock = clock;
    }

    /** What the client does. */
    public HandlerQuestion client(Script script) {
        client = script;
        return this;
    }

    /** What the server does once it is dialed. */
    public HandlerQuestion server(Script script) {
        server = script;
        return this;
    }

    /** The target refuses connections. */
    public HandlerQuestion serverRefuses() {
        refuses = true;
        return this;
    }

    /**
     * Runs it to its end.
     *
     * @throws AssertionError a script failed, or somebody still waits after 30 s
     */
    public HandlerOutcome run() throws InterruptedException {
        if (refuses && !handler.answersFirst()) {
            Heard nothing = new Heard(new byte[0], false);
            return new HandlerOutcome(
                    Reason.DIAL_REFUSED, Optional.empty(), new Heard(new byte[0], true), nothing);
        }
        Pipe up = new Pipe(clock);
        Pipe down = new Pipe(clock);
        Player asking = play("client", client, up, down);
        MemoryConnection connection = new MemoryConnection(flow, new Side(up, down), this::dial);
        Optional<Throwable> failure;
        Optional<Reason> broken;
        boolean finished;
        try {
            failure = handle(connection);
            broken = connection.broken();
            finished = connection.hasEnded();
        } finally {
            connection.close();
        }
        List<Player> all;
        synchronized (players) {
            all = List.copyOf(players);
        }
        Optional<Throwable> wrong = Optional.empty();
        for (Player player : all) {
            Optional<Throwable> its = await("the script of a side goes on", player.end);
            // One that fails resets the other, which fails then as well: what was asserted counts.
            if (wrong.isEmpty() || its.filter(AssertionError.class::isInstance).isPresent()) {
                wrong = its;
            }
        }
        if (wrong.isPresent()) {
            throw new AssertionError("a script failed: " + wrong.get().getMessage(), wrong.get());
        }
        Heard served = all.size() < 2 ? new Heard(new byte[0], false) : heard(all.get(1).peer);
        return new HandlerOutcome(
                broken.orElse(finished ? Reason.FINISHED : Reason.HANDLER_CLOSED),
                failure,
                heard(asking.peer),
                served);
    }

    /** On a thread of its own; what it throws is answered. */
    private Optional<Throwable> handle(MemoryConnection connection) throws InterruptedException {
        CompletableFuture<Optional<Throwable>> end = new CompletableFuture<>();
        Thread thread =
                Thread.ofVirtual()
                        .name("handler")
                        .start(
                                () -> {
                                    try {
                                        if (!handler.answersFirst()) {
                                            connection.target();
                                        }
                                        handler.handle(connection);
                                        end.complete(Optional.empty());
                                    } catch (Throwable thrown) {
                                        // Reset first, or a script hears an orderly end.
                                        connection.reset(
                                                thrown instanceof RefusedException
                                                        ? Reason.HANDLER_REFUSED
                                                        : Reason.HANDLER_FAILED);
                                        end.complete(Optional.of(thrown));
                                    }
                                });
        try {
            return await("the handler goes on", end);
        } finally {
            thread.interrupt();
        }
    }

    private Side dial() throws ConnectException {
        if (refuses) {
            throw new ConnectException("Connection refused");
        }
        Pipe up = new Pipe(clock);
        Pipe down = new Pipe(clock);
        play("server", server, down, up);
        return new Side(down, up);
    }

    private Player play(String name, Script script, Pipe says, Pipe hears) {
        Peer peer = new Peer(name, hears, says, clock);
        Player player = new Player(peer, new CompletableFuture<>());
        synchronized (players) {
            players.add(player);
        }
        Thread.ofVirtual()
                .name(name)
                .start(
                        () -> {
                            try {
                                script.play(peer);
                                peer.finish();
                                player.end.complete(Optional.empty());
                            } catch (Throwable thrown) {
                                // The other side would wait for it.
                                peer.reset();
                                player.end.complete(Optional.of(thrown));
                            }
                        });
        return player;
    }

    private static Heard heard(Peer peer) {
        return new Heard(peer.heard(), peer.sawReset());
    }

    private static <T> T await(String what, CompletableFuture<T> end) throws InterruptedException {
        try {
            return end.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError(what + " after " + PATIENCE.toSeconds() + " s", e);
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause());
        }
    }
}
