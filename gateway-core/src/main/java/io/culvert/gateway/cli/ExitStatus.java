package io.culvert.gateway.cli;

/** What the program ends with. */
public final class ExitStatus {
    public static final int DONE = 0;
    public static final int FAILED = 1;

    /** Wrong usage, or a wrong configuration. */
    public static final int WRONG_INPUT = 2;

    private ExitStatus() {}
}
