package io.culvert.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.config.OnRamp;
import io.culvert.gateway.forward.Routes;
import io.culvert.gateway.plugin.Plugins;
import io.culvert.hook.Reason;
import io.culvert.tun.GueEndpoint;
import io.culvert.tun.GueHeader;
import io.culvert.tun.GuePeer;
import io.culvert.tun.GueSettings;
import io.culvert.tun.NetworkNamespace;
import io.culvert.wire.Prefix;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Tunnels that packets name, over an endpoint on loopback that nothing comes to. */
class GueTunnelsTest {
    private static final long IDLE_NANOS = TimeUnit.MINUTES.toNanos(5);
    private static final long LOOPBACK = 0xffff_7f00_0000L;

    private final Routing routing = new Routing(new Tenants(), new Routes(""), new Listeners());
    private NetworkNamespace namespace;
    private GueEndpoint<GueSource> endpoint;
    private GueSource.Table sources;
    private GueTunnels tunnels;
    private long nowNanos = 1;

    @BeforeEach
    void open() throws IOException {
        namespace = NetworkNamespace.anonymous("gue");
        List<OnRamp.Gue.Peer> peers =
                List.of(
                        peer("127.0.0.2", null),
                        peer("127.0.0.0/24", null, "10.0.0.0/8", "fd00::/16"),
                        peer("127.0.0.3", "acme"));
        InetSocketAddress listen =
                new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), GueHeader.PORT);
        sources = new GueSource.Table(peers);
        endpoint = GueEndpoint.open(namespace, GueSettings.listening(listen), sources);
        OnRamp.Gue settings =
                new OnRamp.Gue(
                        "magic",
                        List.of(listen),
                        peers,
                        OnRamp.Gue.Context.TEXT,
                        true,
                        Duration.ofNanos(IDLE_NANOS),
                        16,
                        false);
        tunnels =
                new GueTunnels(
                        settings,
                        routing,
                        () -> nowNanos,
                        List.of(endpoint),
                        new TunnelQuestions("magic", new Plugins(), Runnable::run));
    }

    @AfterEach
    void close() {
        endpoint.close();
        namespace.close();
    }

    private static OnRamp.Gue.Peer peer(String from, String tenant, String... routes) {
        return new OnRamp.Gue.Peer(
                Prefix.parse(from),
                Optional.ofNullable(tenant),
                Stream.of(routes).map(Prefix::parse).toList(),
                GueHeader.PORT,
                1_400);
    }

    private GuePeer<GueSource> peer(int host) {
        return endpoint.peer(0, LOOPBACK | host);
    }

    private GueTunnels.Named named(int host, String text) {
        return tunnels.named(peer(host), text.getBytes(StandardCharsets.UTF_8));
    }

    private GueTunnel known(int host, String text) {
        return assertInstanceOf(GueTunnels.Named.Known.class, named(host, text)).tunnel();
    }

    /** As when a packet of it has come. */
    private GueTunnel heard(int host, String text) {
        GueTunnel tunnel = known(host, text);
        tunnel.heard(peer(host), nowNanos);
        return tunnel;
    }

    @Test
    void findsTheEntryWithTheLongestPrefix() {
        assertEquals("127.0.0.2", peer(2).owner().toString());
        assertEquals("127.0.0.3", peer(3).owner().toString());
        assertEquals("127.0.0.0/24", peer(4).owner().toString());
        assertEquals(peer(4).owner(), peer(5).owner());
        assertEquals(null, endpoint.peer(0, LOOPBACK | 0x100));
    }

    @Test
    void tellsTunnelsApartByTextAndEntry() {
        GueTunnel first = known(2, "tenant=acme");
        assertSame(first, known(2, "tenant=acme"));
        assertSame(first, known(2, "tenant=acme\0"), "the header is filled up");
        assertNotSame(first, known(2, "tenant=acme\nuser=b"));
        assertNotSame(first, known(4, "tenant=acme"));
        assertSame(known(4, "tenant=acme"), known(5, "tenant=acme"), "one entry");
        assertEquals("magic/127.0.0.2/acme#1", first.ports().name());
        assertEquals("magic/127.0.0.2/acme/x#4", known(2, "tenant=acme\nid=x").ports().name());
        assertEquals("acme", first.ports().tenant().name());
        assertEquals(4, tunnels.size());
    }

    @ParameterizedTest
    @CsvSource({
        "2, 'user=alice'",
        "2, 'tenant='",
        "2, 'nothing'",
        "2, 'tenant=acme\nroutes=10.0.0.0/8'",
        "3, 'tenant=umbrella'",
        "4, 'tenant=acme\nroutes=11.0.0.0/24'",
        "4, 'tenant=acme\nroutes=10.0.0.0/7'",
    })
    void refusesTextsThatAreWrongOrNotAllowed(int host, String text) {
        assertEquals(new GueTunnels.Named.Refused(Reason.TUNNEL_CONTEXT), named(host, text));
        assertEquals(0, tunnels.size());
    }

    @Test
    void refusesATextThatIsNotUtf8() {
        assertEquals(
                new GueTunnels.Named.Refused(Reason.TUNNEL_CONTEXT),
                tunnels.named(peer(2), "tenant=\u00e4".getBytes(StandardCharsets.ISO_8859_1)));
    }

    @Test
    void takesRoutesWithinThoseOfTheEntryThatNobodyHas() {
        GueTunnel tunnel = known(4, "tenant=acme\nroutes=10.7.0.0/24,fd00:7::/64");
        assertEquals(
                new GueTunnels.Named.Refused(Reason.TUNNEL_CONTEXT),
                named(5, "tenant=acme\nroutes=10.7.0.0/24"),
                "the same text but for the other prefix, so another tunnel");
        GueTunnel foreign = known(5, "tenant=umbrella\nroutes=10.7.0.0/24");
        assertNotSame(tunnel, foreign);
        assertEquals(
                Optional.of(Prefix.parse("10.7.0.0/24")),
                routing.routes()
                        .taken(
                                routing.tenants().named("acme"),
                                List.of(Prefix.parse("10.7.0.0/24"))));
    }

    @Test
    void endsTunnelsThatAreSilentForTheIdleTime() {
        GueTunnel silent = heard(4, "tenant=acme\nroutes=10.7.0.0/24");
        GueTunnel spoken = heard(2, "tenant=acme");
        assertEquals(List.of(), tunnels.endSilent());

        nowNanos += IDLE_NANOS - 1;
        assertEquals(List.of(), tunnels.endSilent());
        spoken.heard(peer(2), nowNanos);

        nowNanos++;
        assertEquals(List.of(silent.ports()), tunnels.endSilent());
        assertTrue(silent.isGone());
        assertFalse(spoken.isGone());
        assertEquals(1, tunnels.size());
        assertEquals(
                Optional.empty(),
                routing.routes()
                        .taken(
                                routing.tenants().named("acme"),
                                List.of(Prefix.parse("10.7.0.0/24"))));
        assertNotSame(silent, heard(4, "tenant=acme\nroutes=10.7.0.0/24"), "another one");
    }

    @Test
    void makesNoMoreThanItMay() {
        for (int i = 0; i < GueTunnels.MOST; i++) {
            heard(2, "tenant=t" + i % 10 + "\nn=" + i);
        }
        assertEquals(
                new GueTunnels.Named.Refused(Reason.TUNNEL_LIMIT), named(2, "tenant=t0\nn=more"));
        assertEquals(GueTunnels.MOST, tunnels.size());
        known(2, "tenant=t0\nn=0");

        nowNanos += IDLE_NANOS;
        assertEquals(GueTunnels.MOST, tunnels.endSilent().size());
        known(2, "tenant=t0\nn=more");
    }
}
