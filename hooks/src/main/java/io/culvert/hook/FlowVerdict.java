package io.culvert.hook;

import java.util.Objects;

/** What a hook makes of a flow. */
public sealed interface FlowVerdict {
    /** As proposed. */
    static Carry accept() {
        return new Carry(new How.AsProposed(), Context.EMPTY, Rate.UNLIMITED);
    }

    /**
     * As IP packets.
     *
     * @param via an off-ramp of type {@code device}, or {@code tunnels}
     */
    static Carry forward(String via) {
        return new Carry(new How.Forward(via), Context.EMPTY, Rate.UNLIMITED);
    }

    /**
     * As a socket.
     *
     * @param handler {@code relay}, or a plugin's by its name
     * @param via an off-ramp of type {@code socket}, or {@code tunnels}
     */
    static Carry upgrade(String handler, String via) {
        return new Carry(new How.Upgrade(handler, via), Context.EMPTY, Rate.UNLIMITED);
    }

    /**
     * Not at all, and the initiator is told (TCP RST or ICMP).
     *
     * @param why for the operator
     */
    static Refuse refuse(String why) {
        return new Refuse(why, true);
    }

    /** Not at all, and the initiator hears nothing. */
    static Refuse drop(String why) {
        return new Refuse(why, false);
    }

    /** The flow is refused. */
    record Refuse(String why, boolean answered) implements FlowVerdict {
        public Refuse {
            Objects.requireNonNull(why);
        }
    }

    /**
     * The flow is carried.
     *
     * @param context what comes with the flow from now on, besides what did before
     * @param rate how much of it passes; the least of all hooks' counts
     */
    record Carry(How how, Context context, Rate rate) implements FlowVerdict {
        public Carry {
            Objects.requireNonNull(how);
            Objects.requireNonNull(context);
            Objects.requireNonNull(rate);
        }

        /** With a value for later hooks and for the handler, see {@link Context}. */
        public Carry with(Object value) {
            return new Carry(how, context.with(value), rate);
        }

        /** At most so much of it. */
        public Carry limitedTo(Rate limit) {
            return new Carry(how, context, limit);
        }
    }

    /** In which way a flow is carried. */
    sealed interface How {
        /** As the rule or the hook before has it. */
        record AsProposed() implements How {}

        /** As IP packets. */
        record Forward(String via) implements How {
            public Forward {
                Objects.requireNonNull(via);
            }
        }

        /** As a socket. */
        record Upgrade(String handler, String via) implements How {
            public Upgrade {
                Objects.requireNonNull(handler);
                Objects.requireNonNull(via);
            }
        }
    }
}
