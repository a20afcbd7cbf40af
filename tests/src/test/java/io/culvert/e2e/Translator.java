package io.culvert.e2e;

/** Who translates on the gateway's host of a {@link Crossing}. */
enum Translator {
    /** The kernel, as an nftables rule has it do: what Culvert is compared with. */
    MASQUERADE,

    /** Culvert, which the host's routes lead through on the way. */
    CULVERT
}
