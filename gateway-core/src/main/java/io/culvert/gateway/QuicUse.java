package io.culvert.gateway;

import io.culvert.gateway.detect.Application;
import io.culvert.gateway.policy.Policy;
import io.culvert.gateway.policy.Proxying;
import io.culvert.gateway.policy.Ruling;
import io.culvert.hook.FlowDecision;

/** What becomes of a UDP flow that is to be upgraded, where HTTP/3 is spoken. */
enum QuicUse {
    /** What would without HTTP/3. */
    NONE,
    /** Its datagrams are relayed as they are. */
    RELAY,
    /** Its QUIC ends here. */
    END,
    /** It would have to be looked into, which cannot be done with QUIC. */
    REFUSE;

    /**
     * @param ends null where nothing is ended
     */
    static QuicUse of(FlowDecision.Upgrade decision, Ruling ruling, QuicEnds ends) {
        if (ends == null || !ends.speaksHttp3() || Upgraders.isDowngraded(decision)) {
            return NONE;
        }
        boolean quic =
                decision.handler().equals(Policy.HTTP)
                        || (decision.handler().equals(Policy.AUTO)
                                && ruling.facts() != null
                                && ruling.facts().application() == Application.QUIC);
        return quic ? of(ends.tls(ruling.proxying())) : NONE;
    }

    /** What becomes of QUIC whose TLS is to be treated so. */
    static QuicUse of(Proxying.Tls tls) {
        return switch (tls) {
            case PASS -> RELAY;
            case TERMINATE -> END;
            case INSPECT -> REFUSE;
        };
    }

    /** Whether what a flow says first has to be known, though its rule does not ask. */
    static boolean asks(Ruling ruling, QuicEnds ends) {
        return ruling.decision() instanceof FlowDecision.Upgrade upgrade
                && upgrade.handler().equals(Policy.AUTO)
                && ends != null
                && ends.speaksHttp3();
    }
}
