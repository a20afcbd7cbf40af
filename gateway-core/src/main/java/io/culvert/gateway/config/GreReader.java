package io.culvert.gateway.config;

import io.culvert.gateway.config.Section.Located;
import io.culvert.wire.IpAddress;
import io.culvert.wire.Prefix;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** On-ramps of type {@code gre}, and what must hold between them and between their peers. */
final class GreReader {
    /** In the place of what cannot be read. */
    private static final Prefix NOBODY = new Prefix(IpAddress.ofIpv4(0), 32);

    private final RouteOwners routes;
    private final Map<IpAddress, Position> listeners = new HashMap<>();

    private record Identity(Prefix from, OptionalLong key) {}

    GreReader(RouteOwners routes) {
        this.routes = routes;
    }

    OnRamp.Gre read(Section section) {
        Optional<IpAddress> listen = section.value("listen", InterfaceAddress::parseHost);
        listen.ifPresent(address -> listen(section, address));
        Map<Identity, Position> known = new HashMap<>();
        List<OnRamp.GrePeer> peers = new ArrayList<>();
        for (Section each : section.sections("peers")) {
            Optional<Prefix> from = each.value("from", InterfaceAddress::parsePrefix);
            OnRamp.GrePeer peer = peer(each, from.orElse(NOBODY));
            if (from.isPresent()) {
                check(each, peer, listen, known);
            }
            peers.add(peer);
        }
        return new OnRamp.Gre(
                section.text("name").orElse(""), listen.orElse(NOBODY.address()), peers);
    }

    private void listen(Section section, IpAddress address) {
        Position first = listeners.putIfAbsent(address, section.position("listen"));
        if (first != null) {
            section.wrong(
                    "listen",
                    "the address %s belongs to the on-ramp on line %d"
                            .formatted(address, first.line()));
        }
    }

    private OnRamp.GrePeer peer(Section section, Prefix from) {
        String tenant = section.value("tenant", Names::check).orElse("");
        List<Located<Prefix>> prefixes = section.located("routes", InterfaceAddress::parsePrefix);
        prefixes.forEach(route -> routes.add(section, tenant, route));
        boolean ipv6 = prefixes.stream().anyMatch(route -> !route.value().address().isIpv4());
        int mtu = OnRampReader.mtu(section, ipv6, OnRamp.Tun.DEFAULT_MTU);
        return new OnRamp.GrePeer(
                from,
                section.longNumber("key"),
                tenant,
                prefixes.stream().map(Located::value).toList(),
                section.flag("strict-source", true),
                section.has("mtu") ? OptionalInt.of(mtu) : OptionalInt.empty(),
                section.flag("checksum", false),
                section.flag("sequence", false));
    }

    private static void check(
            Section section,
            OnRamp.GrePeer peer,
            Optional<IpAddress> listen,
            Map<Identity, Position> known) {
        IpAddress first = peer.from().address();
        if (listen.isPresent() && listen.get().isIpv4() != first.isIpv4()) {
            section.wrong(
                    "from", "from: %s is of another family than listen".formatted(peer.from()));
        }
        if (peer.isFixed() && listen.isPresent() && listen.get().equals(first)) {
            section.wrong("from", "from: %s is the on-ramp's own address".formatted(first));
        }
        Position before =
                known.putIfAbsent(new Identity(peer.from(), peer.key()), section.position("from"));
        if (before != null) {
            section.wrong(
                    "from",
                    "from: the peer %s exists already, on line %d".formatted(peer, before.line()));
        }
    }
}
