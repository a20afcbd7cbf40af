package io.culvert.hook;

import java.util.Objects;

/** What a hook makes of a connection. */
public sealed interface ConnectionVerdict {
    /** As proposed. */
    static Accept accept() {
        return new Accept();
    }

    /** Another handler gets it: {@code relay}, or a plugin's by its name. */
    static Handle handle(String handler) {
        return new Handle(handler);
    }

    /** Nobody gets it, and the initiator's SYN is answered by a RST. */
    static Refuse refuse(String why) {
        return new Refuse(why);
    }

    /** As proposed. */
    record Accept() implements ConnectionVerdict {}

    /** Another handler. */
    record Handle(String handler) implements ConnectionVerdict {
        public Handle {
            Objects.requireNonNull(handler);
        }
    }

    /** Refused. */
    record Refuse(String why) implements ConnectionVerdict {
        public Refuse {
            Objects.requireNonNull(why);
        }
    }
}
