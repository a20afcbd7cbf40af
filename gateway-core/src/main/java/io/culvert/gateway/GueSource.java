package io.culvert.gateway;

import io.culvert.gateway.config.OnRamp;
import io.culvert.gateway.forward.RouteTable;
import io.culvert.gateway.policy.AddressSet;
import io.culvert.tun.GueAdmission;
import io.culvert.wire.Prefix;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * An entry of a {@link GueOnRamp}'s peers: outer addresses, and what is known of packets from them.
 *
 * <p>Threading: any looks; what it says is another at once where the peers are changed.
 */
final class GueSource {
    private volatile OnRamp.Gue.Peer settings;
    private volatile GueTunnel tunnel;

    GueSource(OnRamp.Gue.Peer settings) {
        this.settings = settings;
    }

    /** All entries by their addresses, of which the longest prefix counts. */
    static final class Table implements GueAdmission<GueSource> {
        private volatile RouteTable<GueSource> byAddress;
        private volatile List<GueSource> all;

        Table(List<OnRamp.Gue.Peer> peers) {
            have(peers.stream().map(GueSource::new).toList());
        }

        /** From now on these are the entries. */
        final void have(List<GueSource> sources) {
            Map<Prefix, GueSource> prefixes = new HashMap<>();
            sources.forEach(source -> prefixes.put(source.settings.from(), source));
            byAddress = new RouteTable<>(prefixes);
            all = sources;
        }

        List<GueSource> all() {
            return all;
        }

        @Override
        public GueSource owner(long high, long low) {
            return byAddress.find(high, low);
        }

        @Override
        public int port(GueSource owner) {
            return owner.settings.port();
        }
    }

    OnRamp.Gue.Peer settings() {
        return settings;
    }

    /** Whether packets go on as they do where that is the entry, though by other routes. */
    boolean canBecome(OnRamp.Gue.Peer next) {
        OnRamp.Gue.Peer now = settings;
        return now.from().equals(next.from())
                && now.tenant().equals(next.tenant())
                && now.port() == next.port()
                && now.mtu() == next.mtu()
                // A tunnel that a packet has named may have some of them.
                && (tunnel != null || now.routes().equals(next.routes()));
    }

    void become(OnRamp.Gue.Peer next) {
        settings = next;
    }

    /** Whether it is one address, which is known without having been heard. */
    boolean isOneAddress() {
        Prefix from = settings.from();
        return from.length() == (from.address().isIpv4() ? 32 : 128);
    }

    /** What its packets are, where their address says it; {@code null} where they do themselves. */
    GueTunnel tunnel() {
        return tunnel;
    }

    void tunnel(GueTunnel only) {
        tunnel = only;
    }

    /**
     * Where packets may come from: the routes of their tunnel, or else those that it might have.
     */
    AddressSet sources(boolean strict, List<Prefix> routes) {
        List<Prefix> behind = routes.isEmpty() ? settings.routes() : routes;
        return new AddressSet(strict ? behind : List.of());
    }

    /** Whether a prefix lies in one of the routes. */
    boolean leadsTo(Prefix prefix) {
        return settings.routes().stream()
                .anyMatch(
                        route ->
                                route.length() <= prefix.length()
                                        && route.contains(prefix.address()));
    }

    @Override
    public String toString() {
        Prefix from = settings.from();
        return isOneAddress() ? from.address().toString() : from.toString();
    }
}
