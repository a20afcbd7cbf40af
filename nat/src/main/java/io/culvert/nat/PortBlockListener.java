package io.culvert.nat;

/**
 * Told which tenant has which ports when: enough to say later who sent a packet, in one line for a
 * whole block (RFC 6888 REQ-14). Called under the table's lock; must neither block nor call back.
 */
public interface PortBlockListener {
    /** Nobody listens. */
    PortBlockListener NONE = new PortBlockListener() {};

    default void allotted(PortBlock block) {}

    default void returned(PortBlock block) {}
}
