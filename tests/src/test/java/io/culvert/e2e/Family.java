package io.culvert.e2e;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.net.StandardProtocolFamily;
import java.net.UnknownHostException;

/** The two families of IP and who has which address in a {@link Topology}. */
enum Family {
    IPV4(24, "10.1.0.", "10.2.0.", "10.9.0.1", "10.8.0.1", "0.0.0.0"),
    IPV6(64, "fd00:1::", "fd00:2::", "fd00:9::1", "fd00:8::1", "::");

    private static final int CLIENT = 2;
    private static final int GATEWAY = 1;
    private static final int SERVER = 2;
    private static final int SECOND_SERVER = 3;
    private static final int NOBODY = 99;

    private final int prefixLength;
    private final String branch;
    private final String outside;
    private final String unreachable;
    private final String unrouted;
    private final String any;

    Family(
            int prefixLength,
            String branch,
            String outside,
            String unreachable,
            String unrouted,
            String any) {
        this.prefixLength = prefixLength;
        this.branch = branch;
        this.outside = outside;
        this.unreachable = unreachable;
        this.unrouted = unrouted;
        this.any = any;
    }

    ProtocolFamily protocol() {
        return isIpv6() ? StandardProtocolFamily.INET6 : StandardProtocolFamily.INET;
    }

    boolean isIpv6() {
        return this == IPV6;
    }

    /** Of the network between client and gateway, and of the one between gateway and server. */
    int prefixLength() {
        return prefixLength;
    }

    InetAddress clientNetwork() {
        return parse(branch + (isIpv6() ? "" : "0"));
    }

    InetAddress client() {
        return parse(branch + CLIENT);
    }

    /** The gateway's on the client's side, where they are joined by a cable. */
    InetAddress gatewayInside() {
        return parse(branch + GATEWAY);
    }

    /** The gateway's on the server's side. */
    InetAddress gateway() {
        return parse(outside + GATEWAY);
    }

    InetAddress server() {
        return parse(outside + SERVER);
    }

    /** Another address of the server's. */
    InetAddress secondServer() {
        return parse(outside + SECOND_SERVER);
    }

    /** On the server's network, and nobody has it. */
    InetAddress nobody() {
        return parse(outside + NOBODY);
    }

    /** The gateway's host says at once that it cannot be reached. */
    InetAddress unreachable() {
        return parse(unreachable);
    }

    /** The gateway's host has no route to it at all. */
    InetAddress unrouted() {
        return parse(unrouted);
    }

    InetAddress any() {
        return parse(any);
    }

    /** The off-ramp's, which flows appear from. */
    InetAddress offRamp() {
        return parse(isIpv6() ? "fd00:5::1" : "10.5.0.1");
    }

    /** In the network behind another tunnel. */
    InetAddress branch() {
        return parse(isIpv6() ? "fd00:6::2" : "10.6.0.2");
    }

    InetSocketAddress server(int port) {
        return new InetSocketAddress(server(), port);
    }

    /** Octets of the IP header without options. */
    int headerLength() {
        return isIpv6() ? 40 : 20;
    }

    static InetAddress parse(String literal) {
        try {
            return InetAddress.getByName(literal);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
