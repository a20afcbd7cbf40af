package io.culvert.gateway;

import io.culvert.wire.IpAddress;

/**
 * An address and port, or an echo's identifier.
 *
 * @param address as a person writes it
 */
record End(String address, int port) {
    byte[] bytes() {
        IpAddress parsed = IpAddress.parse(address);
        return parsed.toInetAddress().getAddress();
    }

    boolean isIpv6() {
        return address.contains(":");
    }

    @Override
    public String toString() {
        return (isIpv6() ? "[" + address + "]" : address) + ":" + port;
    }
}
