package io.culvert.hook;

import java.util.Objects;

/** What a hook makes of a flow. */
public sealed interface FlowVerdict {
    /**
     * As proposed.
     *
     * @return the verdict; the next plugin is asked
     */
    static Carry accept() {
        return new Carry(new How.AsProposed(), Context.EMPTY, Rate.UNLIMITED);
    }

    /**
     * As IP packets.
     *
     * @param via an off-ramp of type {@code device}, or {@code tunnels}
     * @return the verdict; the next plugin is asked, with this proposed
     */
    static Carry forward(String via) {
        return new Carry(new How.Forward(via), Context.EMPTY, Rate.UNLIMITED);
    }

    /**
     * As a socket.
     *
     * @param handler {@code relay}, {@code http}, {@code auto}, or a plugin's by its name
     * @param via an off-ramp of type {@code socket}, or {@code tunnels}
     * @return the verdict; the next plugin is asked, with this proposed
     */
    static Carry upgrade(String handler, String via) {
        return new Carry(new How.Upgrade(handler, via), Context.EMPTY, Rate.UNLIMITED);
    }

    /**
     * Not at all, and the initiator is told (TCP RST or ICMP).
     *
     * @param why for the operator
     * @return the verdict; no other plugin is asked
     */
    static Refuse refuse(String why) {
        return new Refuse(why, true);
    }

    /**
     * Not at all, and the initiator hears nothing.
     *
     * @param why for the operator
     * @return the verdict; no other plugin is asked
     */
    static Refuse drop(String why) {
        return new Refuse(why, false);
    }

    /**
     * The flow is refused.
     *
     * @param why a sentence for the operator, behind the plugin's name in {@code explain} and the
     *     flow log
     * @param answered whether the initiator is told, though not why
     */
    record Refuse(String why, boolean answered) implements FlowVerdict {
        /**
         * See {@link FlowVerdict#refuse} and {@link FlowVerdict#drop}.
         *
         * @throws NullPointerException if any part is {@code null}
         */
        public Refuse {
            Objects.requireNonNull(why);
        }
    }

    /**
     * The flow is carried.
     *
     * @param how as packets or as a socket, and by which way
     * @param context what comes with the flow from now on, besides what did before
     * @param rate how much of it passes; the least of all hooks' counts
     */
    record Carry(How how, Context context, Rate rate) implements FlowVerdict {
        /**
         * See {@link FlowVerdict#accept}, {@link FlowVerdict#forward} and {@link
         * FlowVerdict#upgrade}.
         *
         * @throws NullPointerException if any part is {@code null}
         */
        public Carry {
            Objects.requireNonNull(how);
            Objects.requireNonNull(context);
            Objects.requireNonNull(rate);
        }

        /**
         * With a value for later hooks and for the handler, see {@link Context}.
         *
         * @param value takes the place of one of the same class
         * @return the same verdict and the value
         */
        public Carry with(Object value) {
            return new Carry(how, context.with(value), rate);
        }

        /**
         * At most so much of it.
         *
         * @param limit of this flow alone, both directions together
         * @return the same verdict with that limit in place of the one before
         */
        public Carry limitedTo(Rate limit) {
            return new Carry(how, context, limit);
        }
    }

    /** In which way a flow is carried. */
    sealed interface How {
        /** As the rule or the hook before has it. */
        record AsProposed() implements How {}

        /**
         * As IP packets.
         *
         * @param via an off-ramp of type {@code device}, or {@code tunnels}
         */
        record Forward(String via) implements How {
            /**
             * See {@link FlowVerdict#forward}.
             *
             * @throws NullPointerException if any part is {@code null}
             */
            public Forward {
                Objects.requireNonNull(via);
            }
        }

        /**
         * As a socket.
         *
         * @param handler {@code relay}, {@code http}, {@code auto}, or a plugin's by its name
         * @param via an off-ramp of type {@code socket}, or {@code tunnels}
         */
        record Upgrade(String handler, String via) implements How {
            /**
             * See {@link FlowVerdict#upgrade}.
             *
             * @throws NullPointerException if any part is {@code null}
             */
            public Upgrade {
                Objects.requireNonNull(handler);
                Objects.requireNonNull(via);
            }
        }
    }
}
