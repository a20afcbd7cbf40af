package io.culvert.e2e;

import java.io.IOException;
import java.net.InetAddress;

/**
 * A cable between a site's host and the gateway's, for tunnels that are IP packets themselves: of
 * the near site's IPv4, of the far one's IPv6.
 *
 * <pre>
 *   near   host 10.71.0.2    gateway 10.71.0.1
 *   far    host fd00:72::2   gateway fd00:72::1
 * </pre>
 */
record Wan(Site site, Family family) {
    private static final String DEVICE = "wan";

    static Wan of(Site site) {
        return new Wan(site, site.name().equals(Site.NEAR) ? Family.IPV4 : Family.IPV6);
    }

    void lay() throws IOException {
        String other = DEVICE + "-" + site.name();
        Host.cable(site.gatewayHost(), other, site.host(), DEVICE);
        site.gatewayHost().address(other, gateway(), family.prefixLength());
        site.host().address(DEVICE, host(), family.prefixLength());
    }

    InetAddress gateway() {
        return address(1);
    }

    InetAddress host() {
        return address(2);
    }

    private InetAddress address(int number) {
        return Family.parse((family.isIpv6() ? "fd00:72::" : "10.71.0.") + number);
    }
}
