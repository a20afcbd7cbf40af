package io.culvert.gateway.demo;

import io.culvert.gateway.config.InterfaceAddress;
import io.culvert.wire.IpAddress;

/**
 * An address family, and who has which address in it. The tenants' addresses are private (RFC 1918,
 * RFC 4193) and the same for both; the others are from the ranges for documentation (RFC 5737, RFC
 * 3849), so that nothing here is ever mistaken for a real host.
 */
@SuppressWarnings("ImmutableEnumChecker") // what is kept is immutable, without the annotation
enum Family {
    IPV4("IPv4", "10.0.0.2/24", "198.51.100.1/24", "198.51.100.10/24", "203.0.113.1", "0.0.0.0"),
    IPV6(
            "IPv6",
            "fd00:10::2/64",
            "2001:db8:100::1/64",
            "2001:db8:100::10/64",
            "2001:db8:bad::1",
            "::");

    private final String word;
    private final InterfaceAddress client;
    private final InterfaceAddress gateway;
    private final InterfaceAddress server;
    private final IpAddress nowhere;
    private final IpAddress any;

    Family(String word, String client, String gateway, String server, String nowhere, String any) {
        this.word = word;
        this.client = InterfaceAddress.parse(client);
        this.gateway = InterfaceAddress.parse(gateway);
        this.server = InterfaceAddress.parse(server);
        this.nowhere = IpAddress.parse(nowhere);
        this.any = IpAddress.parse(any);
    }

    /** Every tenant's device has it. */
    InterfaceAddress client() {
        return client;
    }

    /** The gateway's end of the cable to the server. */
    InterfaceAddress gateway() {
        return gateway;
    }

    /** The server's end. */
    InterfaceAddress server() {
        return server;
    }

    /** An address that the gateway has no route to. */
    IpAddress nowhere() {
        return nowhere;
    }

    /** With length 0 the default route's destination. */
    IpAddress any() {
        return any;
    }

    boolean isIpv6() {
        return this == IPV6;
    }

    @Override
    public String toString() {
        return word;
    }
}
