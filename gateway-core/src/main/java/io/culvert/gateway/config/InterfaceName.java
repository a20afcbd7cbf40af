package io.culvert.gateway.config;

import java.nio.charset.StandardCharsets;

/** What Linux takes as the name of a network interface. */
final class InterfaceName {
    /** IFNAMSIZ of linux/if.h, less the NUL that ends the name. */
    private static final int LONGEST = 15;

    private InterfaceName() {}

    /**
     * The name itself.
     *
     * @throws IllegalArgumentException with a sentence for the operator
     */
    static String check(String name) {
        if (name.isEmpty() || name.getBytes(StandardCharsets.UTF_8).length > LONGEST) {
            throw new IllegalArgumentException(
                    "the name of an interface has 1 to " + LONGEST + " bytes");
        }
        // dev_valid_name of the kernel; and to TUNSETIFF a % asks for a number.
        boolean valid =
                !name.equals(".")
                        && !name.equals("..")
                        && name.chars()
                                .noneMatch(
                                        c ->
                                                "/:%".indexOf(c) >= 0
                                                        || Character.isWhitespace(c)
                                                        || Character.isISOControl(c));
        if (!valid) {
            throw new IllegalArgumentException(
                    "\"" + name + "\" is no name of an interface: it may hold no /, :, % or space");
        }
        return name;
    }
}
