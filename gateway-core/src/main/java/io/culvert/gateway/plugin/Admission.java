package io.culvert.gateway.plugin;

import io.culvert.hook.Network;
import io.culvert.hook.TunnelRequest;
import io.culvert.hook.TunnelVerdict;
import io.culvert.wire.IpAddress;
import io.culvert.wire.Prefix;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/**
 * One tunnel's way through the tunnel hooks of all plugins, on a virtual thread, until one of them
 * admits or refuses it. Whom nobody admits is refused, and so is who comes while a plugin fails or
 * does not answer: a tunnel without a tenant is nothing.
 *
 * <p>As in {@link Question}, a thread that does not come back in time is left behind.
 *
 * <p>Threading: {@link #ask} once, {@link #expire} and {@link #cancel} by any other thread.
 */
public final class Admission {
    private static final int LONGEST_NAME = 63;

    private final HookChain chain;
    private final TunnelRequest request;
    private final Taker taker;

    /** Who is being asked; {@code null} once that is over. */
    private final AtomicReference<Turn> turn = new AtomicReference<>();

    /** What came of it. */
    public sealed interface Outcome {
        /**
         * A plugin admits it.
         *
         * @param routes those of the verdict
         * @param chain has a user more until it is {@linkplain HookChain#release released}: the
         *     verdict's context is of its plugins' classes
         */
        record Admitted(TunnelVerdict.Admit verdict, List<Prefix> routes, HookChain chain)
                implements Outcome {}

        /**
         * It goes.
         *
         * @param why for its peer
         */
        record Refused(String why) implements Outcome {}
    }

    /** Takes the outcome, once at most, on any thread. */
    @FunctionalInterface
    public interface Taker {
        /** No more is asked. */
        void take(Outcome outcome);
    }

    private record Turn(Thread thread, int plugin, long sinceNanos) {
        Turn(Thread thread, int plugin) {
            this(thread, plugin, System.nanoTime());
        }
    }

    Admission(HookChain chain, TunnelRequest request, Taker taker) {
        this.chain = chain;
        this.request = request;
        this.taker = taker;
    }

    /** Begins; the outcome may come before this returns. */
    void ask() {
        Thread thread = Thread.ofVirtual().name("hooks").unstarted(this::run);
        turn.set(new Turn(thread, 0));
        thread.start();
    }

    private void run() {
        Turn mine = turn.get();
        if (mine == null) {
            // Given up before it began, which takes all processors being busy.
            chain.admitting().getFirst().back(Thread.currentThread());
            return;
        }
        while (true) {
            if (mine.plugin == chain.admitting().size()) {
                boolean unused = end(mine, new Outcome.Refused("no plugin knows whose it is"));
                return;
            }
            LoadedPlugin plugin = chain.admitting().get(mine.plugin);
            Optional<Outcome> outcome = call(plugin);
            Turn following = new Turn(mine.thread, mine.plugin + 1);
            boolean inTime =
                    outcome.isPresent()
                            ? end(mine, outcome.get())
                            : turn.compareAndSet(mine, following);
            if (!inTime) {
                // Only now is it certain that whoever gave us up has said so.
                plugin.back(mine.thread);
            }
            if (!inTime || outcome.isPresent()) {
                return;
            }
            mine = following;
        }
    }

    private boolean end(Turn last, Outcome outcome) {
        boolean first = turn.compareAndSet(last, null);
        if (first) {
            if (outcome instanceof Outcome.Refused) {
                chain.release();
            }
            taker.take(outcome);
        }
        return first;
    }

    /** Empty where the next plugin is to be asked. */
    @SuppressWarnings("CatchAndPrintStackTrace") // A plugin may throw whatever it likes.
    private Optional<Outcome> call(LoadedPlugin plugin) {
        HookTimes.Figures figures = plugin.times().of(HookTimes.Hook.TUNNEL);
        if (!plugin.enter()) {
            figures.failed();
            return Optional.of(refused(plugin, "is asked too much; try again"));
        }
        Thread thread = Thread.currentThread();
        long start = System.nanoTime();
        try {
            thread.setContextClassLoader(plugin.loader());
            return outcome(plugin.hooks().tunnel().orElseThrow().admit(request));
        } catch (Throwable e) {
            figures.failed();
            plugin.failures().say(HookTimes.Hook.TUNNEL, e);
            return Optional.of(refused(plugin, "failed"));
        } finally {
            thread.setContextClassLoader(null);
            figures.took(System.nanoTime() - start);
            plugin.leave();
        }
    }

    private Optional<Outcome> outcome(TunnelVerdict verdict) throws PluginException {
        return switch (verdict) {
            case null -> throw new PluginException("it answered null");
            case TunnelVerdict.Pass() -> Optional.empty();
            case TunnelVerdict.Refuse(String why) ->
                    Optional.of(new Outcome.Refused(Step.line(why)));
            case TunnelVerdict.Admit admit -> {
                name("tenant", admit.tenant(), 1);
                name("id", admit.id(), 0);
                yield Optional.of(new Outcome.Admitted(admit, routes(admit.routes()), chain));
            }
        };
    }

    /** As in a context that is text. */
    private static void name(String what, String name, int least) throws PluginException {
        if (name.length() < least
                || name.length() > LONGEST_NAME
                || name.chars().anyMatch(Character::isISOControl)) {
            throw new PluginException(
                    "%s has %d to %d characters, and none for control"
                            .formatted(what, least, LONGEST_NAME));
        }
    }

    private static List<Prefix> routes(List<Network> networks) throws PluginException {
        try {
            return networks.stream()
                    .map(each -> new Prefix(IpAddress.of(each.address()), each.length()))
                    .toList();
        } catch (IllegalArgumentException e) {
            throw new PluginException("routes: " + e.getMessage(), e);
        }
    }

    private static Outcome refused(LoadedPlugin plugin, String why) {
        return new Outcome.Refused("the plugin " + plugin.name() + " " + why);
    }

    /**
     * Refuses the tunnel where the time of the plugin that is being asked is over.
     *
     * @param nowNanos by {@link System#nanoTime}
     */
    public void expire(long nowNanos) {
        Turn late = turn.get();
        if (late == null || late.plugin == chain.admitting().size()) {
            return;
        }
        LoadedPlugin plugin = chain.admitting().get(late.plugin);
        if (nowNanos - late.sinceNanos <= plugin.entry().deadline().toNanos()) {
            return;
        }
        plugin.giveUp(late.thread);
        if (end(late, refused(plugin, "has not answered in time"))) {
            late.thread.interrupt();
            plugin.times().of(HookTimes.Hook.TUNNEL).timedOut();
        } else {
            plugin.back(late.thread);
        }
    }

    /** Nobody waits any more; no outcome comes, unless it has by now. */
    public void cancel() {
        Turn last = turn.get();
        while (last != null && !turn.compareAndSet(last, null)) {
            last = turn.get();
        }
        if (last != null) {
            last.thread.interrupt();
            chain.release();
        }
    }
}
