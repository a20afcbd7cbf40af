package io.culvert.gateway;

import io.culvert.linux.Errno;
import io.culvert.linux.Route;
import io.culvert.linux.Rtnetlink;
import io.culvert.linux.SyscallException;
import io.culvert.tun.NetworkNamespace;
import io.culvert.tun.TunDevice;
import io.culvert.wire.IpAddress;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * What the host has to do for a device off-ramp: bring packets for its addresses to the device, and
 * forward those that come out of it. The routes are gone with the device.
 */
final class HostRoutes {
    private static final Logger LOG = LoggerFactory.getLogger(HostRoutes.class);
    private static final Path FORWARDING_4 = Path.of("/proc/sys/net/ipv4/ip_forward");
    private static final Path FORWARDING_6 = Path.of("/proc/sys/net/ipv6/conf/all/forwarding");

    private static final String SYSCTL_4 = "net.ipv4.ip_forward";
    private static final String SYSCTL_6 = "net.ipv6.conf.all.forwarding";

    private HostRoutes() {}

    /**
     * Makes the routes in a namespace.
     *
     * @param addresses of the off-ramp
     * @param shared those of them that the host has itself, and that need no route
     */
    static void lead(
            NetworkNamespace namespace,
            List<IpAddress> addresses,
            Set<IpAddress> shared,
            TunDevice device)
            throws IOException {
        TunDevice _ =
                namespace.call(
                        () -> {
                            lead(
                                    addresses.stream()
                                            .filter(address -> !shared.contains(address))
                                            .toList(),
                                    device);
                            warnUnlessForwarding(addresses, true, FORWARDING_4, SYSCTL_4);
                            warnUnlessForwarding(addresses, false, FORWARDING_6, SYSCTL_6);
                            return device;
                        });
    }

    private static void lead(List<IpAddress> addresses, TunDevice device) throws IOException {
        try (Rtnetlink rtnetlink = new Rtnetlink()) {
            for (IpAddress address : addresses) {
                int length = address.isIpv4() ? 32 : 128;
                try {
                    rtnetlink.addRoute(
                            Route.through(address.toInetAddress(), length, device.index()));
                } catch (SyscallException e) {
                    // A persistent device may have it already, from whoever made it.
                    if (e.errno() != Errno.EEXIST) {
                        throw e;
                    }
                }
            }
        }
    }

    private static void warnUnlessForwarding(
            List<IpAddress> addresses, boolean ipv4, Path setting, String name) throws IOException {
        if (addresses.stream().anyMatch(address -> address.isIpv4() == ipv4)
                && Files.readString(setting).trim().equals("0")) {
            LOG.warn(
                    "This host forwards no {}, so nothing gets further than the off-ramp's device. "
                            + "To have it do so: sysctl -w {}=1",
                    ipv4 ? "IPv4" : "IPv6",
                    name);
        }
    }
}
