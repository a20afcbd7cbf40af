package io.culvert.gateway.policy;

/** What a rule does with the flows that it matches; the configuration's word is the lower case. */
public enum Action {
    /** Refused in silence. */
    DENY(""),
    /** Refused, and the initiator is told: TCP RST, or ICMP unreachable. */
    REJECT(""),
    /** Carried as IP packets. */
    FORWARD("tunnels"),
    /** Made a socket. */
    UPGRADE("socket");

    private final String offRamp;

    Action(String offRamp) {
        this.offRamp = offRamp;
    }

    /** The built-in off-ramp that such flows leave by when a rule names none; empty for none. */
    public String defaultOffRamp() {
        return offRamp;
    }
}
