package io.culvert.e2e;

import io.culvert.gateway.Gateway;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;

/**
 * How a site comes to have a gateway's on-ramp of one type: what {@link Scenarios} has to know of
 * it, which are the same for all. The kernel of the site's host and the device that its packets
 * leave by make raw IP packets of ordinary sockets.
 */
interface OnRampKind {
    /** Every kind there is. */
    static List<OnRampKind> all() {
        return List.of(new TunSite(), new SeqpacketSite(), new GueSite(), new GreSite());
    }

    /**
     * Makes what has to be there before the gateway is, such as a cable to its host.
     *
     * @return the on-ramp's YAML, an element of a list
     */
    String prepare(Site site) throws IOException;

    /**
     * Makes the on-ramp the default route of the site's host, now that the gateway is there, and
     * waits until packets can flow.
     *
     * @return what takes the site off again
     */
    Closeable join(Site site, Gateway gateway) throws Exception;

    /** Whether the gateway forgets the flows of a site that was taken off, and does so at once. */
    boolean endsFlowsOfWhoLeaves();

    /** The on-ramp's type. */
    @Override
    String toString();
}
