package io.culvert.e2e;

import io.culvert.linux.LinkAddress;
import io.culvert.tun.Offload;
import io.culvert.tun.TunDevice;
import io.culvert.tun.TunSettings;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;

/**
 * A host behind an on-ramp, with the networks that are reached through it.
 *
 * <pre>
 *   near   10.1.0.2  fd00:1::2    10.1.0.0/24  fd00:1::/64
 *   far    10.6.0.2  fd00:6::2    10.6.0.0/16  fd00:6::/32
 * </pre>
 *
 * @param name of the site and of its on-ramp
 * @param gatewayHost where the gateway will run
 * @param directory for whatever files the two share
 */
record Site(String name, Host host, Host gatewayHost, Path directory) {
    static final String NEAR = "near";
    static final String FAR = "far";
    static final String TENANT = "acme";
    static final int MTU = 1500;

    private boolean isNear() {
        return name.equals(NEAR);
    }

    InetAddress address(Family family) {
        return isNear() ? family.client() : family.branch();
    }

    /** The prefixes that lead here, with commas between them, for YAML. */
    String routes() {
        return isNear() ? "10.1.0.0/24, \"fd00:1::/64\"" : "10.6.0.0/16, \"fd00:6::/32\"";
    }

    /** The device's own addresses, for YAML. */
    String addresses() {
        return isNear() ? "10.1.0.2/24, \"fd00:1::2/64\"" : "10.6.0.2/24, \"fd00:6::2/64\"";
    }

    LinkAddress[] linkAddresses() {
        return Arrays.stream(Family.values())
                .map(family -> new LinkAddress(address(family), family.prefixLength()))
                .toArray(LinkAddress[]::new);
    }

    /**
     * A device with these addresses on the site's host, for a client to join to the on-ramp.
     *
     * @param mtu of the tunnel; the device's is no larger than {@link #MTU}
     */
    TunDevice openDevice(int mtu) throws IOException {
        return TunDevice.open(
                host.namespace(),
                TunSettings.named(Topology.DEVICE)
                        .withMtu(Math.min(mtu, MTU))
                        .withOffloads(Set.of(Offload.values()))
                        .withAddresses(linkAddresses()));
    }

    /** Makes the device the host's way to everywhere. */
    void routeThroughDevice() throws IOException {
        for (Family family : Family.values()) {
            host.defaultRoute(family, Topology.DEVICE);
        }
    }
}
