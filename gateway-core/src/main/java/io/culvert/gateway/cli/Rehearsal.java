package io.culvert.gateway.cli;

/**
 * What the ahead-of-time cache of an installation is made of, by {@code packaging/archive}:
 * configurations are checked, so that what reads them is in it, and the demo carries traffic, so
 * that its profiles warm the packet path as well.
 */
final class Rehearsal {
    private Rehearsal() {}

    /**
     * @param configurations files
     */
    public static void main(String[] configurations) {
        for (String configuration : configurations) {
            int _ = Culvert.commandLine().execute("check", configuration);
        }
        // Where no device can be made, what was loaded before has to do.
        System.exit(Culvert.commandLine().execute("demo"));
    }
}
