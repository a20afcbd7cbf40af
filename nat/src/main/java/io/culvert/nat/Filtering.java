package io.culvert.nat;

/**
 * Who may answer, or begin to talk, through a mapping: RFC 4787 section 5 and REQ-8, RFC 5382
 * REQ-3. Chosen once, for REQ-11 forbids that it changes.
 */
public enum Filtering {
    /** Anybody: best for applications. */
    ENDPOINT_INDEPENDENT,

    /** Any port of an address that the inside endpoint has a live flow to. */
    ADDRESS_DEPENDENT,

    /** Nobody but the other end of a live flow. */
    ADDRESS_AND_PORT_DEPENDENT
}
