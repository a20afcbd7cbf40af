package io.culvert.gateway.upstream;

import java.util.Locale;

/** How constants are spelled in listings and metrics. */
final class Texts {
    private Texts() {}

    /** {@code NOT_THIS} is {@code not-this}. */
    static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
