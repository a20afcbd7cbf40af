package io.culvert.hook;

import java.util.Objects;

/** What a hook makes of a piece of a body. */
public sealed interface BodyVerdict {
    /**
     * The piece goes on as it is.
     *
     * @return the verdict; the next plugin is asked
     */
    static Pass pass() {
        return Pass.AS_IT_IS;
    }

    /**
     * Other bytes go on in the piece's place, where the hook has said that it changes this body:
     * {@link RequestVerdict.Pass#changeBody}, {@link ResponseVerdict.Pass#changeBody}. Elsewhere it
     * is a failure.
     *
     * @param bytes however many; none drops the piece; not copied
     * @return the verdict; the next plugin is asked about these
     */
    static Replace replace(byte[] bytes) {
        return new Replace(bytes);
    }

    /**
     * The message ends here: a request is answered with 403 where no answer has begun, and a
     * message that has begun is cut off so that nobody takes it for whole.
     *
     * @param why a sentence for the operator's log; the client is not told
     * @return the verdict; no other plugin is asked
     */
    static Refuse refuse(String why) {
        return new Refuse(why);
    }

    /** As it is. */
    final class Pass implements BodyVerdict {
        private static final Pass AS_IT_IS = new Pass();

        private Pass() {}

        @Override
        public String toString() {
            return "pass";
        }
    }

    /** Others in its place. */
    final class Replace implements BodyVerdict {
        private final byte[] bytes;

        private Replace(byte[] bytes) {
            this.bytes = Objects.requireNonNull(bytes);
        }

        /**
         * What goes on.
         *
         * @return not a copy
         */
        public byte[] bytes() {
            return bytes;
        }

        /** How many; they may be secret. */
        @Override
        public String toString() {
            return "replace with " + bytes.length + " bytes";
        }
    }

    /**
     * Refused.
     *
     * @param why for the operator
     */
    record Refuse(String why) implements BodyVerdict {
        /**
         * See {@link BodyVerdict#refuse}.
         *
         * @throws NullPointerException if any part is {@code null}
         */
        public Refuse {
            Objects.requireNonNull(why);
        }
    }
}
