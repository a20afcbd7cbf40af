package io.culvert.hook;

import java.net.InetAddress;
import java.util.Objects;
import java.util.Optional;

/**
 * What becomes of a flow. Taken once, when it opens; every later packet obeys it without asking.
 *
 * <p>{@link #decidedBy} names the policy rule or the hook, for the operator's eyes.
 */
public sealed interface FlowDecision {
    /** The rule or hook that decided; {@code default} for the policy's default. */
    String decidedBy();

    /**
     * The flow is not carried.
     *
     * @param reason why, as logs and metrics say it
     * @param answered whether the initiator is told (TCP RST or ICMP unreachable) or hears nothing
     */
    record Refuse(String decidedBy, Reason reason, boolean answered) implements FlowDecision {
        public Refuse {
            Objects.requireNonNull(decidedBy);
            Objects.requireNonNull(reason);
        }
    }

    /**
     * The flow stays IP packets and leaves by an off-ramp.
     *
     * @param via the off-ramp's name
     */
    record Forward(String decidedBy, String via) implements FlowDecision {
        public Forward {
            Objects.requireNonNull(decidedBy);
            Objects.requireNonNull(via);
        }
    }

    /**
     * The flow becomes a socket.
     *
     * @param handler who gets the socket; {@code relay} joins it to a socket of the off-ramp
     * @param via the off-ramp's name; {@code tunnels} where the other socket's packets go into the
     *     tunnel that leads to the target
     * @param upstream who is dialed in the target's place
     * @param source the host's address that is dialed from
     */
    record Upgrade(
            String decidedBy,
            String handler,
            String via,
            Optional<Endpoint> upstream,
            Optional<InetAddress> source)
            implements FlowDecision {
        public Upgrade {
            Objects.requireNonNull(decidedBy);
            Objects.requireNonNull(handler);
            Objects.requireNonNull(via);
            Objects.requireNonNull(upstream);
            Objects.requireNonNull(source);
        }

        /** To the target itself, from an address that the host chooses. */
        public Upgrade(String decidedBy, String handler, String via) {
            this(decidedBy, handler, via, Optional.empty(), Optional.empty());
        }
    }
}
