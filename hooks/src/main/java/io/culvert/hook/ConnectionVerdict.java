package io.culvert.hook;

import java.util.Objects;

/** What a hook makes of a connection. */
public sealed interface ConnectionVerdict {
    /**
     * As proposed.
     *
     * @return the verdict; the next plugin is asked
     */
    static Accept accept() {
        return new Accept();
    }

    /**
     * Another handler gets it: {@code relay}, {@code http}, {@code auto}, or a plugin's by its
     * name.
     *
     * @param handler in lower case, without the name of its plugin; one that there is not is a
     *     failure
     * @return the verdict; the next plugin is asked, with this handler as the proposed one
     */
    static Handle handle(String handler) {
        return new Handle(handler);
    }

    /**
     * Nobody gets it, and the initiator's SYN is answered by a RST.
     *
     * @param why a sentence for the operator, behind the plugin's name in {@code explain} and the
     *     flow log; the peer is not told
     * @return the verdict; no other plugin is asked
     */
    static Refuse refuse(String why) {
        return new Refuse(why);
    }

    /** As proposed. */
    record Accept() implements ConnectionVerdict {}

    /**
     * Another handler.
     *
     * @param handler its name
     */
    record Handle(String handler) implements ConnectionVerdict {
        /**
         * See {@link ConnectionVerdict#handle}.
         *
         * @throws NullPointerException if any part is {@code null}
         */
        public Handle {
            Objects.requireNonNull(handler);
        }
    }

    /**
     * Refused.
     *
     * @param why for the operator
     */
    record Refuse(String why) implements ConnectionVerdict {
        /**
         * See {@link ConnectionVerdict#refuse}.
         *
         * @throws NullPointerException if any part is {@code null}
         */
        public Refuse {
            Objects.requireNonNull(why);
        }
    }
}
