package io.culvert.gateway;

import io.culvert.gateway.plugin.Admission;
import io.culvert.gateway.plugin.Admission.Outcome;
import io.culvert.gateway.plugin.Plugins;
import io.culvert.hook.Endpoint;
import io.culvert.hook.TunnelRequest;
import io.culvert.hook.TunnelRequest.Credentials;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/**
 * What plugins are being asked about tunnels of one on-ramp. How much at once is for who asks to
 * bound; each question ends by the plugins' deadlines.
 *
 * <p>Threading: any; answers come on the on-ramp's loop.
 */
final class TunnelQuestions {
    private final String onRamp;
    private final Plugins plugins;
    private final Executor loop;
    private final Set<Asked> open = ConcurrentHashMap.newKeySet();
    private volatile boolean stopped;

    /** Takes an answer, on the loop; none comes once it is stopped. */
    interface Taker {
        /** The tunnel may come in; to be released. */
        void admitted(Admittance admittance);

        /** It may not. */
        void refused(String why);
    }

    private static final class Asked {
        private final Taker taker;
        private volatile Admission admission;

        Asked(Taker taker) {
            this.taker = taker;
        }
    }

    /**
     * @param onRamp its name
     * @param loop where answers are told, later
     */
    TunnelQuestions(String onRamp, Plugins plugins, Executor loop) {
        this.onRamp = onRamp;
        this.plugins = plugins;
        this.loop = loop;
    }

    /**
     * Asks the plugins in force.
     *
     * @param context not changed from now on
     */
    void ask(
            byte[] context,
            Optional<Credentials> credentials,
            Optional<Endpoint> peer,
            Taker taker) {
        TunnelRequest request =
                new TunnelRequest(onRamp, ByteBuffer.wrap(context), credentials, peer);
        Asked asked = new Asked(taker);
        open.add(asked);
        do {
            // Only a chain that was just replaced can say no.
            asked.admission = plugins.current().admit(request, outcome -> post(asked, outcome));
        } while (asked.admission == null);
        if (stopped) {
            asked.admission.cancel();
        }
    }

    private void post(Asked asked, Outcome outcome) {
        try {
            loop.execute(() -> answered(asked, outcome));
        } catch (RejectedExecutionException ended) {
            forget(outcome);
        }
    }

    private void answered(Asked asked, Outcome outcome) {
        open.remove(asked);
        if (stopped) {
            forget(outcome);
            return;
        }
        switch (outcome) {
            case Outcome.Admitted admitted -> asked.taker.admitted(Admittance.of(admitted));
            case Outcome.Refused(String why) -> asked.taker.refused(why);
        }
    }

    private static void forget(Outcome outcome) {
        if (outcome instanceof Outcome.Admitted admitted) {
            admitted.chain().release();
        }
    }

    /** Ends what takes too long; called now and then. */
    void tick() {
        if (open.isEmpty()) {
            return;
        }
        long now = System.nanoTime();
        for (Asked asked : open) {
            Admission admission = asked.admission;
            if (admission != null) {
                admission.expire(now);
            }
        }
    }

    /** No answer comes any more. */
    void stop() {
        stopped = true;
        for (Asked asked : open) {
            Admission admission = asked.admission;
            if (admission != null) {
                admission.cancel();
            }
        }
        open.clear();
    }
}
