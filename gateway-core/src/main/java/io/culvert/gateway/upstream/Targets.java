package io.culvert.gateway.upstream;

import io.culvert.gateway.tls.ClientTlsSettings;
import io.culvert.hook.Reason;
import io.culvert.wire.IpAddress;

import java.net.InetSocketAddress;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The targets of flows as upstreams of one server each, which is never checked and never ejected:
 * there is no other. The same target is the same upstream, so that connections to it may be shared;
 * the one that was not asked for longest is forgotten.
 *
 * <p>Threading: any thread.
 */
final class Targets {
    /** What an idle one costs is a few hundred bytes. */
    private static final int MOST = 16_384;

    private final Map<Key, Target> targets = new LinkedHashMap<>(16, 0.75f, true);

    private record Key(InetSocketAddress address, Optional<Upstreams.TlsTarget> tls) {}

    synchronized Upstream of(InetSocketAddress address, Optional<Upstreams.TlsTarget> tls) {
        Target target = targets.computeIfAbsent(new Key(address, tls), Targets::made);
        Iterator<Target> longestUnused = targets.values().iterator();
        while (targets.size() > MOST) {
            longestUnused.next().member.retire();
            longestUnused.remove();
        }
        return target;
    }

    private static Target made(Key key) {
        ServerSettings server =
                new ServerSettings(
                        IpAddress.of(key.address().getAddress()).toString(),
                        key.address().getPort(),
                        1);
        String authority =
                key.tls()
                        .map(tls -> new ServerSettings(tls.name(), server.port(), 1).text())
                        .orElse(server.text());
        LinkSettings plain = LinkSettings.PLAIN;
        Optional<ClientTlsSettings> tls = key.tls().map(Upstreams.TlsTarget::settings);
        LinkSettings link =
                new LinkSettings(
                        plain.protocol(),
                        tls,
                        plain.proxyProtocol(),
                        plain.source(),
                        plain.clientSource(),
                        plain.timeout());
        ServerMember member =
                new ServerMember(
                        new ServerMember.Key(authority, ""),
                        server.text(),
                        link,
                        List.of(key.address()),
                        new MemberHealth(
                                new EjectionSettings(
                                        0,
                                        EjectionSettings.DEFAULT.least(),
                                        EjectionSettings.DEFAULT.most()),
                                1,
                                1));
        member.become(List.of(key.address()), 1, Integer.MAX_VALUE);
        return new Target(server.text(), member);
    }

    /** A flow's target. */
    private record Target(String name, ServerMember member) implements Upstream {
        @Override
        public Choice pick(PickRequest request) {
            // There is no other, so nowhere to try again.
            return request.retries() == 0
                    ? new Only(member)
                    : new Choice.Refused(Reason.UPSTREAM_RETRIES);
        }
    }

    /** There is nothing to choose, and nothing to count. */
    private record Only(ServerMember member) implements Pick {
        @Override
        public void succeeded(long firstByteNanos) {}

        @Override
        public void failed(Failure kind) {}

        @Override
        public void released() {}
    }
}
