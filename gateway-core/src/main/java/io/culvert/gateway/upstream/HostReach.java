package io.culvert.gateway.upstream;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.DatagramChannel;

/**
 * Whether the host has a route to an address: what the kernel says to a socket that sends nothing.
 */
final class HostReach {
    /** udp(7): connecting looks the route up and sends nothing; the port does not matter. */
    private static final int DISCARD = 9;

    private HostReach() {}

    static boolean of(InetAddress address) {
        boolean ipv4 = address.getAddress().length == 4;
        try (DatagramChannel socket =
                DatagramChannel.open(
                        ipv4 ? StandardProtocolFamily.INET : StandardProtocolFamily.INET6)) {
            socket.connect(new InetSocketAddress(address, DISCARD));
            return true;
        } catch (IOException | UnsupportedOperationException none) {
            return false;
        }
    }
}
