package io.culvert.gateway;

import io.culvert.gateway.plugin.Admission;
import io.culvert.gateway.plugin.HookChain;
import io.culvert.gateway.tunnel.TunnelContext;
import io.culvert.hook.Context;
import io.culvert.hook.TunnelVerdict;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/**
 * What a tunnel may come in with: what it says of itself, or what a plugin knows of it. As long as
 * it lives the plugin's classes are needed.
 *
 * <p>Threading: any.
 */
final class Admittance {
    private final TunnelContext context;
    private final Context known;
    private final AtomicReference<HookChain> chain;

    private Admittance(TunnelContext context, Context known, HookChain chain) {
        this.context = context;
        this.known = known;
        this.chain = new AtomicReference<>(chain);
    }

    /** By its own word. */
    static Admittance of(TunnelContext context) {
        return new Admittance(context, Context.EMPTY, null);
    }

    /** By a plugin's, whose chain is this one's to release. */
    static Admittance of(Admission.Outcome.Admitted admitted) {
        TunnelVerdict.Admit verdict = admitted.verdict();
        return new Admittance(
                new TunnelContext(
                        verdict.tenant(),
                        verdict.id(),
                        admitted.routes(),
                        TunnelContext.DEFAULT_MTU,
                        verdict.attributes()),
                verdict.context(),
                admitted.chain());
    }

    TunnelContext context() {
        return context;
    }

    /** What hooks know. */
    Context known() {
        return known;
    }

    /** The tunnel has ended, or did not begin. Once is enough. */
    void release() {
        Optional.ofNullable(chain.getAndSet(null)).ifPresent(HookChain::release);
    }
}
