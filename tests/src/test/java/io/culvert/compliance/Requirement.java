package io.culvert.compliance;

import java.util.Locale;

/**
 * One requirement of an RFC, in our own words.
 *
 * @param rfc the RFC's number
 * @param id {@code REQ-1 a} where the RFC numbers its requirements, else the section, with a letter
 *     where it has several
 * @param text what is required
 * @param status what the tests alone do not say
 * @param reason why it is so; empty where tests say all
 */
record Requirement(int rfc, String id, Level level, Status status, String text, String reason) {

    /** RFC 2119, and RFC 8200's own words in lower case, which it means the same way. */
    enum Level {
        MUST("MUST"),
        MUST_NOT("MUST NOT"),
        SHOULD("SHOULD"),
        SHOULD_NOT("SHOULD NOT"),
        RECOMMENDED("RECOMMENDED"),
        MAY("MAY");

        private final String words;

        Level(String words) {
            this.words = words;
        }

        boolean isMust() {
            return this == MUST || this == MUST_NOT;
        }

        @Override
        public String toString() {
            return words;
        }
    }

    enum Status {
        /** The tests with its tag show it. */
        MET("met"),
        /** There is nothing here that it is about. */
        NOT_APPLICABLE("n/a"),
        NOT_MET("not met"),
        /** Something that is allowed and not done. */
        NOT_DONE("not done");

        private final String word;

        Status(String word) {
            this.word = word;
        }

        @Override
        public String toString() {
            return word;
        }
    }

    /** What a test that shows it carries: {@code rfc4787-req-1-a}, {@code rfc1812-5.3.1-b}. */
    String tag() {
        return "rfc" + rfc + "-" + id.toLowerCase(Locale.ROOT).replace(' ', '-');
    }
}
