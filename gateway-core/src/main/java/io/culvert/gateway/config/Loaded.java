package io.culvert.gateway.config;

import java.util.List;

/** What came of reading a configuration. */
public sealed interface Loaded {
    /**
     * Nothing was wrong.
     *
     * @param hash of the text, {@code sha256:} and 64 hexadecimal digits
     * @param warnings by position
     */
    record Valid(Configuration configuration, String hash, List<ConfigurationError> warnings)
            implements Loaded {
        public Valid {
            warnings = List.copyOf(warnings);
        }

        /** All warnings as the operator reads them, each line ended; empty for none. */
        public String text() {
            StringBuilder text = new StringBuilder();
            warnings.forEach(warning -> text.append(warning.text()));
            return text.toString();
        }
    }

    /**
     * Something was wrong.
     *
     * @param errors all of them, by position; at least one
     */
    record Invalid(List<ConfigurationError> errors) implements Loaded {
        public Invalid {
            errors = List.copyOf(errors);
        }

        /** All errors as the operator reads them, each line ended. */
        public String text() {
            StringBuilder text = new StringBuilder();
            errors.forEach(error -> text.append(error.text()));
            return text.append(errors.size())
                    .append(errors.size() == 1 ? " error" : " errors")
                    .append(". Nothing was changed.\n")
                    .toString();
        }
    }
}
