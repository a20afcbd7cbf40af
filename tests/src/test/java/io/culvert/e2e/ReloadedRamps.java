package io.culvert.e2e;

import java.nio.file.Path;

/** Configurations between which a gateway is to change back and forth while flows go on. */
final class ReloadedRamps {
    private ReloadedRamps() {}

    /**
     * With {@code more} there is an on-ramp of each type, an off-ramp and a rule in addition, and
     * other limits and timers.
     *
     * @param staying the on-ramps of both
     * @param extra where a device is added
     * @param directory where a socket is added
     */
    static String configuration(String staying, Host extra, Path directory, boolean more) {
        String added =
                """
                  - name: extra-tun
                    type: tun
                    tenant: guest
                    device: culv9
                    netns: %s
                    addresses: [10.99.0.2/24, "fd00:99::2/64"]
                    routes: [10.99.0.0/24, "fd00:99::/64"]
                  - { name: extra-seqpacket, type: seqpacket, path: %s }
                  - name: extra-gue
                    type: gue
                    listen: 127.0.0.1:7080
                    peers: [{ from: 127.0.0.9, tenant: guest, routes: [10.98.0.0/24] }]
                  - name: extra-gre
                    type: gre
                    listen: 127.0.0.1
                    peers: [{ from: 127.0.0.9, tenant: guest, routes: [10.97.0.0/24] }]
                """
                        .formatted(extra.path(), directory.resolve("extra.sock"));
        return staying
                + (more ? added + Topology.offRamp("") : "")
                + """
                policy:
                  default: forward
                  rules:
                """
                + (more ? "    - { name: guests, tenant: guest, do: deny }\n" : "")
                + """
                    - { name: up, destination: [10.2.0.0/16, "fd00:2::/32"], do: upgrade }
                """
                + (more ? "limits: { flows: 1000, dials: 64 }\ntimers: { udp: 200s }\n" : "");
    }
}
