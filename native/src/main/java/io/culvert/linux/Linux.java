package io.culvert.linux;

/**
 * Whether this package works in this JVM. Probed once, at first use, with the cause kept; ask
 * before anything else here, since the other classes fail less clearly.
 */
public final class Linux {
    private static final String CAUSE = probe();

    private Linux() {}

    public static boolean isAvailable() {
        return CAUSE == null;
    }

    /** Why it does not work and what to do, a sentence for people; null where it works. */
    public static String unavailabilityCause() {
        return CAUSE;
    }

    /**
     * Does nothing where this package works.
     *
     * @throws UnsupportedOperationException where it does not, with the cause as message
     */
    public static void ensureAvailable() {
        if (CAUSE != null) {
            throw new UnsupportedOperationException(CAUSE);
        }
    }

    private static String probe() {
        String lack =
                lack(
                        System.getProperty("os.name"),
                        System.getProperty("os.arch"),
                        Linux.class.getModule().isNativeAccessEnabled(),
                        System.getProperty("jnr.ffi.x86asm.enabled"));
        return lack == null ? failureToCall() : lack;
    }

    private static String failureToCall() {
        try {
            LibC.INSTANCE.gettid();
            return null;
        } catch (LinkageError | RuntimeException broken) {
            Throwable cause = broken.getCause() == null ? broken : broken.getCause();
            return "jnr-ffi cannot call the C library: " + cause;
        }
    }

    /**
     * What is missing, as a sentence; null when nothing is.
     *
     * @param assembler the property jnr.ffi.x86asm.enabled, null where unset
     */
    static String lack(String system, String machine, boolean nativeAccess, String assembler) {
        if (!system.equals("Linux")) {
            return "Culvert runs on Linux only, this is " + system;
        }
        boolean amd64 = machine.equals("amd64");
        if (!amd64 && !machine.equals("aarch64")) {
            return "Culvert knows the structures of amd64 and aarch64 only, this is " + machine;
        }
        if (!nativeAccess) {
            return "the JVM may not call native code: start it with"
                    + " --enable-native-access=ALL-UNNAMED";
        }
        // jnr-ffi's assembler stubs (2.2.17, 2.3.4) pass garbage as the sixth argument, which
        // splice(2) has; unset means enabled.
        if (amd64 && (assembler == null || Boolean.parseBoolean(assembler))) {
            return "jnr-ffi's assembler stubs corrupt the sixth argument of a call: start the JVM"
                    + " with -Djnr.ffi.x86asm.enabled=false";
        }
        return null;
    }
}
