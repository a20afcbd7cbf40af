package io.culvert.gateway.config;

import io.culvert.gateway.config.OnRamp.Gue.Context;
import io.culvert.gateway.config.Section.Located;
import io.culvert.tun.GueSettings;
import io.culvert.wire.Prefix;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The on-ramps of type {@code gue}. */
final class GueReader {
    private final RouteOwners routes;
    private final List<Located<SocketAddress>> listening = new ArrayList<>();

    /**
     * @param routes of all on-ramps
     */
    GueReader(RouteOwners routes) {
        this.routes = routes;
    }

    OnRamp.Gue read(Section section) {
        List<Located<SocketAddress>> listen = section.located("listen", SocketAddress::parse);
        listen.forEach(one -> listen(section, one));
        if (section.isEmptyList("listen")) {
            section.wrong("listen", "there is no address to listen on");
        }
        Context context =
                switch (section.text("context").orElse("peer")) {
                    case "text" -> Context.TEXT;
                    case "hook" -> Context.HOOK;
                    // The schema says what is wrong with another.
                    default -> Context.PEER;
                };
        Optional<Duration> idle =
                section.value("idle", text -> Quantity.duration(text, "1s", "24h"));
        if (context == Context.PEER && section.has("idle")) {
            section.wrongKey(
                    "idle",
                    "idle is for tunnels that packets name, with \"context: text\" or \"hook\"");
        }
        Map<Prefix, Position> from = new HashMap<>();
        List<OnRamp.Gue.Peer> peers = new ArrayList<>();
        for (Section peer : section.sections("peers")) {
            peers.add(peer(peer, context, listen, from));
        }
        return new OnRamp.Gue(
                section.text("name").orElse(""),
                listen.stream().map(one -> one.value().toInetSocketAddress()).toList(),
                peers,
                context,
                section.flag("strict-source", true),
                idle.orElse(OnRamp.Gue.DEFAULT_IDLE),
                section.number("source-ports", GueSettings.DEFAULT_SOURCE_PORTS),
                section.flag("zero-checksums", false));
    }

    private void listen(Section section, Located<SocketAddress> address) {
        for (Located<SocketAddress> other : listening) {
            if (other.value().overlaps(address.value())) {
                section.wrong(
                        address.position(),
                        "listen: %s overlaps %s on line %d"
                                .formatted(
                                        address.value(), other.value(), other.position().line()));
                return;
            }
        }
        listening.add(address);
    }

    private OnRamp.Gue.Peer peer(
            Section section,
            Context context,
            List<Located<SocketAddress>> listen,
            Map<Prefix, Position> known) {
        List<Located<Prefix>> from = section.located("from", InterfaceAddress::parsePrefix);
        for (Located<Prefix> one : from) {
            Position first = known.putIfAbsent(one.value(), one.position());
            if (first != null) {
                section.wrong(
                        one.position(),
                        "from: %s belongs to the peer on line %d"
                                .formatted(one.value(), first.line()));
            }
            boolean ipv4 = one.value().address().isIpv4();
            if (!listen.isEmpty()
                    && listen.stream().noneMatch(at -> at.value().address().isIpv4() == ipv4)) {
                section.wrong(
                        one.position(),
                        "from: the on-ramp listens on no IPv%d address".formatted(ipv4 ? 4 : 6));
            }
        }
        Optional<String> tenant = section.value("tenant", Names::check);
        if (context == Context.PEER && !section.has("tenant")) {
            section.wrong(section.position(), "an entry of peers has no \"tenant\"");
        }
        List<Located<Prefix>> prefixes = section.located("routes", InterfaceAddress::parsePrefix);
        if (context == Context.PEER) {
            prefixes.forEach(one -> routes.add(section, tenant.orElse(""), one));
        }
        boolean ipv6 = prefixes.stream().anyMatch(one -> !one.value().address().isIpv4());
        return new OnRamp.Gue.Peer(
                from.isEmpty()
                        ? new Prefix(InterfaceAddress.parseAddress("::"), 128)
                        : from.getFirst().value(),
                tenant,
                prefixes.stream().map(Located::value).toList(),
                section.number("port", OnRamp.Gue.Peer.DEFAULT_PORT),
                OnRampReader.mtu(section, ipv6, OnRamp.Gue.Peer.MOST_MTU));
    }
}
