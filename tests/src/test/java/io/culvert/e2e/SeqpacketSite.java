package io.culvert.e2e;

import io.culvert.gateway.Gateway;
import io.culvert.gateway.tunnel.TunnelClient;
import io.culvert.tun.TunDevice;

import java.io.Closeable;
import java.nio.file.Path;

/** A {@link TunnelClient} joins a device of the site's host to a Unix socket. */
final class SeqpacketSite implements OnRampKind {
    private static Path socket(Site site) {
        return site.directory().resolve(site.name() + ".sock");
    }

    @Override
    public String prepare(Site site) {
        return "  - { name: %s, type: seqpacket, path: %s }\n".formatted(site.name(), socket(site));
    }

    @Override
    public Closeable join(Site site, Gateway gateway) throws Exception {
        int before = gateway.tunnels();
        TunDevice device = site.openDevice(Site.MTU);
        try {
            site.routeThroughDevice();
            TunnelClient client =
                    TunnelClient.connect(socket(site), context(site), device.queues().getFirst());
            Eventually.equal(before + 1, "joined", gateway::tunnels);
            return () -> {
                client.close();
                device.close();
            };
        } catch (Exception | AssertionError e) {
            device.close();
            throw e;
        }
    }

    private static String context(Site site) {
        return "tenant=%s\nroutes=%s\nmtu=%d\n"
                .formatted(Site.TENANT, site.routes().replace("\"", ""), Site.MTU);
    }

    @Override
    public boolean endsFlowsOfWhoLeaves() {
        return true;
    }

    @Override
    public String toString() {
        return "seqpacket";
    }
}
