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
    /**
     * The rule or hook that decided; {@code default} for the policy's default.
     *
     * @return a rule's name, or a plugin's
     */
    String decidedBy();

    /**
     * The flow is not carried.
     *
     * @param decidedBy the rule or the plugin
     * @param reason why, as logs and metrics say it
     * @param answered whether the initiator is told (TCP RST or ICMP unreachable) or hears nothing
     */
    record Refuse(String decidedBy, Reason reason, boolean answered) implements FlowDecision {
        /**
         * Made by the gateway; a plugin answers {@link FlowVerdict}.
         *
         * @throws NullPointerException if any part is {@code null}
         */
        public Refuse {
            Objects.requireNonNull(decidedBy);
            Objects.requireNonNull(reason);
        }
    }

    /**
     * The flow stays IP packets and leaves by an off-ramp.
     *
     * @param decidedBy the rule or the plugin
     * @param via the off-ramp's name
     */
    record Forward(String decidedBy, String via) implements FlowDecision {
        /**
         * Made by the gateway; a plugin answers {@link FlowVerdict}.
         *
         * @throws NullPointerException if any part is {@code null}
         */
        public Forward {
            Objects.requireNonNull(decidedBy);
            Objects.requireNonNull(via);
        }
    }

    /**
     * The flow becomes a socket.
     *
     * @param decidedBy the rule or the plugin
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
        /**
         * Made by the gateway; a plugin answers {@link FlowVerdict} and {@link Egress}.
         *
         * @throws NullPointerException if any part is {@code null}
         */
        public Upgrade {
            Objects.requireNonNull(decidedBy);
            Objects.requireNonNull(handler);
            Objects.requireNonNull(via);
            Objects.requireNonNull(upstream);
            Objects.requireNonNull(source);
        }

        /**
         * To the target itself, from an address that the host chooses.
         *
         * @param decidedBy the rule or the plugin
         * @param handler who gets the socket
         * @param via the off-ramp's name
         */
        public Upgrade(String decidedBy, String handler, String via) {
            this(decidedBy, handler, via, Optional.empty(), Optional.empty());
        }
    }
}
