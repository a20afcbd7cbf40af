package io.culvert.gateway.upstream.dns;

import io.netty.channel.AddressedEnvelope;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.dns.DefaultDnsQuestion;
import io.netty.handler.codec.dns.DnsQuestion;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponse;
import io.netty.resolver.dns.DnsNameResolver;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;

/**
 * One name and type, asked of one name server after another until one knows.
 *
 * <p>Threading: on the resolver's loop.
 */
final class Query {
    /** resolv.conf(5): so often each server is asked. */
    private static final int ATTEMPTS = 2;

    private static final int MOST_ALIASES_ASKED = 8;

    private final EventLoop loop;
    private final DnsNameResolver sockets;
    private final ServerOrder order;
    private final List<InetSocketAddress> servers;
    private final DnsRecordType type;
    private final Promise<NameAnswer> result;
    private String name;
    private int asked;
    private int aliases;
    private Duration lifetime = Duration.ofSeconds(Integer.MAX_VALUE);
    private String problem = "there is no name server to ask";

    private Query(
            EventLoop loop,
            DnsNameResolver sockets,
            ServerOrder order,
            List<InetSocketAddress> servers,
            String name,
            DnsRecordType type) {
        this.loop = loop;
        this.sockets = sockets;
        this.order = order;
        this.servers = servers;
        this.name = name;
        this.type = type;
        result = loop.newPromise();
    }

    /** Asks; what comes back never fails. */
    static Future<NameAnswer> ask(
            EventLoop loop,
            DnsNameResolver sockets,
            ServerOrder order,
            List<InetSocketAddress> servers,
            String name,
            DnsRecordType type) {
        Query query = new Query(loop, sockets, order, order.of(servers), name, type);
        query.askNext();
        return query.result;
    }

    private void askNext() {
        if (asked >= ATTEMPTS * servers.size()) {
            result.setSuccess(NameAnswer.failed(problem));
            return;
        }
        InetSocketAddress server = servers.get(asked % servers.size());
        asked++;
        DnsQuestion question;
        try {
            question = new DefaultDnsQuestion(name + ".", type);
        } catch (IllegalArgumentException wrong) {
            result.setSuccess(NameAnswer.absent("\"" + name + "\" is no name", Duration.ZERO));
            return;
        }
        sockets.query(server, question)
                .addListener(
                        (Future<AddressedEnvelope<DnsResponse, InetSocketAddress>> done) ->
                                loop.execute(() -> answered(server, done)));
    }

    private void answered(
            InetSocketAddress server,
            Future<AddressedEnvelope<DnsResponse, InetSocketAddress>> done) {
        if (!done.isSuccess()) {
            order.silent(server);
            problem =
                    "the name server %s does not answer"
                            .formatted(server.getAddress().getHostAddress());
            askNext();
            return;
        }
        order.answered(server);
        Answers.Read read;
        try {
            read = Answers.read(done.getNow().content(), name, type);
        } catch (RuntimeException garbage) {
            read = Answers.failed("the name server's answer cannot be read");
        } finally {
            done.getNow().release();
        }
        if (read.alias().isPresent() && aliases < MOST_ALIASES_ASKED) {
            aliases++;
            asked = 0;
            name = read.alias().get();
            lifetime = min(lifetime, read.aliasLifetime());
            askNext();
        } else if (read.answer().kind() == NameAnswer.Kind.FAILED) {
            problem = read.answer().problem();
            askNext();
        } else {
            result.setSuccess(read.answer().lasting(min(lifetime, read.answer().lifetime())));
        }
    }

    private static Duration min(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }
}
