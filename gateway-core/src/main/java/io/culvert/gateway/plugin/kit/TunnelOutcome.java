package io.culvert.gateway.plugin.kit;

import io.culvert.hook.TunnelVerdict;

import java.util.Optional;

/**
 * What became of a tunnel.
 *
 * @param verdict the plugin's; none where it failed or answered null
 * @param failure what it threw
 */
public record TunnelOutcome(Optional<TunnelVerdict> verdict, Optional<Throwable> failure) {
    /** Fails the test unless it was admitted, and answers with what. */
    public TunnelVerdict.Admit assertAdmitted(String tenant) {
        if (verdict.isPresent()
                && verdict.get() instanceof TunnelVerdict.Admit admit
                && admit.tenant().equals(tenant)) {
            return admit;
        }
        throw wrong("admitted as " + tenant);
    }

    /** Fails the test unless it was refused in these words. */
    public TunnelOutcome assertRefused(String words) {
        if (!verdict.equals(Optional.of(TunnelVerdict.refuse(words)))) {
            throw wrong("refused: " + words);
        }
        return this;
    }

    private AssertionError wrong(String expected) {
        return new AssertionError(
                "expected "
                        + expected
                        + ", and it was "
                        + verdict.map(Object::toString).orElse("a failure"),
                failure.orElse(null));
    }
}
