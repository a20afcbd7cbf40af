package io.culvert.e2e;

import io.culvert.gateway.Gateway;
import io.culvert.gateway.tunnel.GueClient;
import io.culvert.tun.GueHeader;
import io.culvert.tun.TunDevice;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;

/** A {@link GueClient} joins a device of the site's host, over the site's {@link Wan}. */
final class GueSite implements OnRampKind {
    @Override
    public String prepare(Site site) throws IOException {
        Wan wan = Wan.of(site);
        wan.lay();
        String gateway = wan.gateway().getHostAddress();
        return """
          - name: %s
            type: gue
            listen: "%s:%d"
            peers: [{ from: "%s", tenant: %s, routes: [%s] }]
        """
                .formatted(
                        site.name(),
                        wan.family().isIpv6() ? "[" + gateway + "]" : gateway,
                        GueHeader.PORT,
                        wan.host().getHostAddress(),
                        Site.TENANT,
                        site.routes());
    }

    @Override
    public Closeable join(Site site, Gateway gateway) throws IOException {
        Wan wan = Wan.of(site);
        GueClient client =
                GueClient.open(
                        site.host().namespace(),
                        new InetSocketAddress(wan.host(), GueHeader.PORT),
                        new InetSocketAddress(wan.gateway(), GueHeader.PORT),
                        "");
        try {
            TunDevice device = site.openDevice(client.mtu());
            client.join(device.queues().getFirst());
            site.routeThroughDevice();
            return () -> {
                client.close();
                device.close();
            };
        } catch (IOException | RuntimeException e) {
            client.close();
            throw e;
        }
    }

    @Override
    public boolean endsFlowsOfWhoLeaves() {
        return false;
    }

    @Override
    public String toString() {
        return "gue";
    }
}
