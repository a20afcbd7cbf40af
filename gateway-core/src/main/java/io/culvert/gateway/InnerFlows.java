package io.culvert.gateway;

import io.culvert.flow.Flow;
import io.culvert.gateway.detect.HostName;
import io.culvert.gateway.forward.TunnelPort;
import io.culvert.gateway.upstream.AddressOrder;
import io.culvert.gateway.upstream.Choice;
import io.culvert.gateway.upstream.ClientFacts;
import io.culvert.gateway.upstream.Connector;
import io.culvert.gateway.upstream.Failure;
import io.culvert.gateway.upstream.Member;
import io.culvert.gateway.upstream.NotConnectedException;
import io.culvert.gateway.upstream.Pick;
import io.culvert.gateway.upstream.PickRequest;
import io.culvert.gateway.upstream.Protocol;
import io.culvert.gateway.upstream.Upstream;
import io.culvert.gateway.upstream.dns.NameAnswer;
import io.culvert.gateway.upstream.dns.Resolver;
import io.culvert.hook.Reason;
import io.culvert.linux.Fd;
import io.culvert.linux.Sockets;
import io.culvert.linux.SyscallException;
import io.culvert.nat.Endpoints;
import io.culvert.upgrade.AcceptedOutcome;
import io.culvert.wire.IpAddress;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Iterator;
import java.util.List;
import java.util.function.Supplier;

/**
 * Where a CONNECT leads (RFC 9110 section 9.3.6): a flow of its own, of the same client and by the
 * same on-ramp, to the host that it names. Policy, plugins and limits decide about it as about any
 * other, and any handler may take it, so that HTTP in a tunnel of HTTP is HTTP again.
 *
 * <pre>
 *   client's stream ─ exchange ─ {@link InnerChannel} ═ a pair of sockets ═ initiator's socket ─ flow
 * </pre>
 *
 * <p>Confined to one worker.
 */
final class InnerFlows {
    /** Addresses of a name that are tried. */
    private static final int MOST_ADDRESSES = 4;

    private final Supplier<Reception> reception;
    private final Resolver resolver;

    /**
     * @param reception where connections become flows; there by the time that there are requests
     */
    InnerFlows(Supplier<Reception> reception, Resolver resolver) {
        this.reception = reception;
        this.resolver = resolver;
    }

    /** One that connects to where these lead, too. */
    static Connector connector(Connector servers) {
        return new Connector() {
            @Override
            public Future<Channel> connect(EventLoop loop, Member member, ClientFacts facts) {
                return member instanceof Target target
                        ? target.connect(loop)
                        : servers.connect(loop, member, facts);
            }

            @Override
            public Future<Channel> connectHttp1(EventLoop loop, Member member, ClientFacts facts) {
                return member instanceof Target target
                        ? target.connect(loop)
                        : servers.connectHttp1(loop, member, facts);
            }
        };
    }

    /**
     * What a client's CONNECT names.
     *
     * @param port that the client's own flow came in by
     * @param authority host and port; a number of a port is there
     */
    Upstream to(TunnelPort port, InetSocketAddress client, String authority) {
        return new Target(port, client, authority);
    }

    /** A host and port, as the one server of an upstream that is used once. */
    private final class Target implements Upstream, Member, Pick {
        private final TunnelPort port;
        private final InetSocketAddress client;
        private final String authority;
        private final String host;
        private final int number;

        private Target(TunnelPort port, InetSocketAddress client, String authority) {
            this.port = port;
            this.client = client;
            this.authority = authority;
            host = HostName.ofAuthority(authority);
            number = Integer.parseInt(authority.substring(authority.lastIndexOf(':') + 1));
        }

        Future<Channel> connect(EventLoop loop) {
            Promise<Channel> result = loop.newPromise();
            resolver.resolve(port.tenant().name(), host)
                    .addListener(
                            (Future<NameAnswer> done) ->
                                    loop.execute(() -> resolved(done.getNow(), loop, result)));
            return result;
        }

        private void resolved(NameAnswer answer, EventLoop loop, Promise<Channel> result) {
            if (!answer.isFound()) {
                fail(result, Reason.UPSTREAM_UNRESOLVED, answer.problem());
                return;
            }
            List<InetSocketAddress> addresses =
                    answer.addresses().stream()
                            .map(each -> new InetSocketAddress(each, number))
                            .toList();
            new Attempt(
                            this,
                            AddressOrder.interleaved(addresses).stream()
                                    .limit(MOST_ADDRESSES)
                                    .iterator(),
                            loop,
                            result)
                    .begin();
        }

        void fail(Promise<Channel> result, Reason reason, String problem) {
            result.tryFailure(
                    new NotConnectedException(reason, null, authority + ": " + problem, null));
        }

        @Override
        public Choice pick(PickRequest request) {
            return request.retries() == 0 ? this : new Choice.Refused(Reason.UPSTREAM_RETRIES);
        }

        @Override
        public Member member() {
            return this;
        }

        @Override
        public void succeeded(long firstByteNanos) {}

        @Override
        public void failed(Failure kind) {}

        @Override
        public void released() {}

        @Override
        public String name() {
            return authority;
        }

        @Override
        public String upstream() {
            return authority;
        }

        @Override
        public List<InetSocketAddress> addresses() {
            return List.of(InetSocketAddress.createUnresolved(host, number));
        }

        @Override
        public String authority() {
            return authority;
        }

        @Override
        public Protocol protocol() {
            return Protocol.HTTP1;
        }

        @Override
        public boolean isTls() {
            return false;
        }

        @Override
        public boolean isShared() {
            return false;
        }

        @Override
        public boolean isRetired() {
            return true;
        }
    }

    /** One flow to one address; where that cannot be reached, another one to the next. */
    private final class Attempt implements AcceptedOutcome {
        private final Target target;
        private final Iterator<InetSocketAddress> addresses;
        private final EventLoop loop;
        private final Promise<Channel> result;
        private InnerChannel inner;
        private Flow flow;
        private boolean stands;

        private Attempt(
                Target target,
                Iterator<InetSocketAddress> addresses,
                EventLoop loop,
                Promise<Channel> result) {
            this.target = target;
            this.addresses = addresses;
            this.loop = loop;
            this.result = result;
        }

        private void begin() {
            if (result.isDone()) {
                return;
            }
            Fd[] pair;
            try {
                pair = Sockets.streamPair();
            } catch (SyscallException scarce) {
                target.fail(result, Reason.DESCRIPTORS_EXHAUSTED, scarce.getMessage());
                return;
            }
            inner = InnerChannel.open(pair[0].release(), loop, this::giveUp);
            if (inner == null) {
                pair[1].close();
                target.fail(
                        result,
                        Reason.DESCRIPTORS_EXHAUSTED,
                        Reason.DESCRIPTORS_EXHAUSTED.meaning());
                return;
            }
            result.addListener(
                    (Future<Channel> done) -> {
                        if (!done.isSuccess()) {
                            inner.close();
                        }
                    });
            reception.get().open(target.port, pair[1].release(), ends(addresses.next()), this);
        }

        private Endpoints ends(InetSocketAddress to) {
            IpAddress from = address(target.client.getAddress());
            IpAddress whom = address(to.getAddress());
            return new Endpoints(
                    from.high(),
                    from.low(),
                    target.client.getPort(),
                    whom.high(),
                    whom.low(),
                    to.getPort());
        }

        private static IpAddress address(InetAddress address) {
            return IpAddress.of(address);
        }

        /** The client's side was given up before its end. */
        private void giveUp() {
            if (flow != null) {
                reception.get().upgraders().tcp().cut(flow, Reason.RESET_BY_INITIATOR);
            }
        }

        @Override
        public void opened(Flow opened) {
            flow = opened;
        }

        @Override
        public void stands() {
            stands = true;
            if (!result.trySuccess(inner.channel())) {
                inner.close();
            }
        }

        @Override
        public void over(Reason reason) {
            flow = null;
            if (stands) {
                inner.over(reason);
                return;
            }
            if (isElsewhere(reason) && addresses.hasNext() && !result.isDone()) {
                inner.close();
                new Attempt(target, addresses, loop, result).begin();
            } else {
                target.fail(result, reason, reason.meaning());
            }
        }

        /** Whether it says something about the address alone. */
        private static boolean isElsewhere(Reason reason) {
            return switch (reason) {
                case DIAL_REFUSED, DIAL_UNREACHABLE, DIAL_TIMEOUT -> true;
                default -> false;
            };
        }
    }
}
