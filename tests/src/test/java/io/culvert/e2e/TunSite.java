package io.culvert.e2e;

import io.culvert.gateway.Gateway;

import java.io.Closeable;
import java.io.IOException;

/** The gateway makes a device on the site's host. */
final class TunSite implements OnRampKind {
    @Override
    public String prepare(Site site) {
        return """
          - name: %s
            type: tun
            tenant: %s
            device: %s
            netns: %s
            mtu: %d
            addresses: [%s]
            routes: [%s]
        """
                .formatted(
                        site.name(),
                        Site.TENANT,
                        Topology.DEVICE,
                        site.host().path(),
                        Site.MTU,
                        site.addresses(),
                        site.routes());
    }

    @Override
    public Closeable join(Site site, Gateway gateway) throws IOException {
        site.routeThroughDevice();
        return () -> {};
    }

    @Override
    public boolean endsFlowsOfWhoLeaves() {
        return false;
    }

    @Override
    public String toString() {
        return "tun";
    }
}
