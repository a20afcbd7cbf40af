package io.culvert.e2e;

import io.culvert.gateway.Gateway;
import io.culvert.tun.GreFields;

import java.io.Closeable;
import java.io.IOException;

/** A {@link GreClient} on the site's host, over the site's {@link Wan}. */
final class GreSite implements OnRampKind {
    private static final GreFields FIELDS = GreFields.NONE.withKey(42);

    @Override
    public String prepare(Site site) throws IOException {
        Wan wan = Wan.of(site);
        wan.lay();
        return """
          - name: %s
            type: gre
            listen: "%s"
            peers: [{ from: "%s", key: %d, tenant: %s, routes: [%s] }]
        """
                .formatted(
                        site.name(),
                        wan.gateway().getHostAddress(),
                        wan.host().getHostAddress(),
                        FIELDS.key(),
                        Site.TENANT,
                        site.routes());
    }

    @Override
    public Closeable join(Site site, Gateway gateway) throws IOException {
        Wan wan = Wan.of(site);
        GreClient client =
                GreClient.join(
                        site.host(), wan.host(), wan.gateway(), FIELDS, site.linkAddresses());
        return client::close;
    }

    @Override
    public boolean endsFlowsOfWhoLeaves() {
        return false;
    }

    @Override
    public String toString() {
        return "gre";
    }
}
