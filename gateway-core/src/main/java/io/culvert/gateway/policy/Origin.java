package io.culvert.gateway.policy;

/**
 * Where a rule stands in its configuration.
 *
 * @param file as the operator named it; empty for a rule that was made by the program
 * @param line from 1; 0 for a rule that was made by the program
 * @param column from 1, in characters; 0 for a rule that was made by the program
 */
public record Origin(String file, int line, int column) {
    /** Of a rule that stands in no file. */
    public static final Origin NONE = new Origin("", 0, 0);

    /** {@code FILE:LINE}; empty where there is none. */
    @Override
    public String toString() {
        return line == 0 ? "" : file + ":" + line;
    }
}
