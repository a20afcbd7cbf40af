package io.culvert.gateway.upstream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.tls.ClientTlsSettings;
import io.culvert.gateway.upstream.dns.NameServer;
import io.culvert.gateway.upstream.dns.ResolverSettings;
import io.culvert.hook.Reason;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Groups whose servers have names, with a name server on loopback. */
class UpstreamsTest {
    private NameServer names;
    private Upstreams upstreams;

    @BeforeEach
    void begin() throws IOException {
        names = NameServer.open();
        upstreams =
                new Upstreams(
                        _ -> {
                            throw new IOException("there is no such certificate");
                        },
                        System::nanoTime,
                        address -> address.getAddress().length == 4);
    }

    @AfterEach
    void end() {
        upstreams.close();
        names.close();
    }

    private ResolverSettings resolver(InetSocketAddress server) {
        return new ResolverSettings(
                List.of(server),
                Map.of(),
                Duration.ofMillis(300),
                100,
                Duration.ZERO,
                Duration.ofHours(1),
                Duration.ofSeconds(30));
    }

    private void apply(GroupSettings... groups) throws IOException {
        upstreams.prepare(List.of(groups), resolver(names.address())).commit();
    }

    private static GroupSettings group(String name, String... hosts) {
        return new GroupSettings(
                name,
                List.of(hosts).stream().map(host -> new ServerSettings(host, 8080, 1)).toList());
    }

    private List<String> members(String name) {
        return upstreams.status().stream()
                .filter(status -> status.name().equals(name))
                .flatMap(status -> status.members().stream())
                .map(GroupStatus.MemberStatus::name)
                .sorted()
                .toList();
    }

    private Choice pick(String name) {
        return upstreams.group(name).orElseThrow().pick(PickRequest.first(0));
    }

    private void eventuallyHas(String name, String... members) throws InterruptedException {
        Loop.eventually(
                "members are " + List.of(members), () -> members(name).equals(List.of(members)));
    }

    @Test
    void hasTheServersThatAreGivenByAddressAtOnce() throws IOException {
        apply(group("api", "127.0.0.1", "::1"));
        assertEquals(List.of("127.0.0.1:8080", "[::1]:8080"), members("api"));
        assertInstanceOf(Pick.class, pick("api"));
    }

    @Test
    void followsANameAndLosesNoRequestByIt() throws Exception {
        names.addresses("api.internal", 0, "127.0.0.1", "127.0.0.2");
        apply(group("api", "api.internal"));
        eventuallyHas("api", "api.internal:8080/127.0.0.1", "api.internal:8080/127.0.0.2");
        Pick first = (Pick) pick("api");
        Pick second = (Pick) pick("api");
        Member stays =
                first.member().name().endsWith("127.0.0.2") ? first.member() : second.member();

        names.addresses("api.internal", 0, "127.0.0.2", "127.0.0.3");
        eventuallyHas("api", "api.internal:8080/127.0.0.2", "api.internal:8080/127.0.0.3");
        assertTrue(first.member().isRetired() != second.member().isRetired());
        Loop.eventually(
                "the one that stays is the same", () -> ((Pick) pick("api")).member() == stays);
        first.succeeded(1);
        first.released();
        second.succeeded(1);
        second.released();
    }

    @Test
    void leavesOutAddressesThatTheHostHasNoRouteTo() throws Exception {
        names.addresses("api.internal", 60, "127.0.0.1", "2001:db8::1");
        apply(group("api", "api.internal"));
        eventuallyHas("api", "api.internal:8080/127.0.0.1");
    }

    @Test
    void takesAllAddressesForOneServerWhereThatIsSaid() throws Exception {
        names.addresses("api.internal", 60, "127.0.0.1", "127.0.0.2");
        GroupSettings each = group("api", "api.internal");
        apply(
                new GroupSettings(
                        "api",
                        each.servers(),
                        "",
                        true,
                        each.balance(),
                        each.link(),
                        each.health(),
                        each.ejection(),
                        each.connections(),
                        each.requests(),
                        each.retries(),
                        each.retryBudget(),
                        each.panic()));
        eventuallyHas("api", "api.internal:8080");
        assertEquals(2, ((Pick) pick("api")).member().addresses().size());
    }

    @Test
    void keepsServersWhileNoNameServerAnswersAndDropsThemWhenTheNameIsGone() throws Exception {
        names.addresses("api.internal", 0, "127.0.0.1");
        apply(group("api", "api.internal"));
        eventuallyHas("api", "api.internal:8080/127.0.0.1");

        try (NameServer silent = NameServer.open()) {
            upstreams
                    .prepare(List.of(group("api", "api.internal")), resolver(silent.address()))
                    .commit();
            Loop.eventually(
                    "nobody answers", () -> !upstreams.status().getFirst().problem().isEmpty());
            assertEquals(List.of("api.internal:8080/127.0.0.1"), members("api"));
            assertInstanceOf(Pick.class, pick("api"));
        }
        names.missing("api.internal", 0, 0);
        apply(group("api", "api.internal"));
        eventuallyHas("api");
        assertEquals(Reason.UPSTREAM_UNRESOLVED, ((Choice.Refused) pick("api")).reason());
        assertEquals("there is no name api.internal", upstreams.status().getFirst().problem());
    }

    @Test
    void changesGroupsWithTheConfiguration() throws IOException {
        apply(group("api", "127.0.0.1", "127.0.0.2"), group("web", "127.0.0.9"));
        Upstream api = upstreams.group("api").orElseThrow();
        Upstream web = upstreams.group("web").orElseThrow();

        apply(group("api", "127.0.0.1"), group("new", "127.0.0.3"));
        assertSame(api, upstreams.group("api").orElseThrow());
        assertEquals(List.of("127.0.0.1:8080"), members("api"));
        assertEquals(List.of("127.0.0.3:8080"), members("new"));
        assertEquals(Optional.empty(), upstreams.group("web"));
        assertInstanceOf(Choice.Refused.class, web.pick(PickRequest.first(0)));
    }

    @Test
    void refusesAConfigurationWhoseCertificatesCannotBeUsedAndKeepsTheOther() throws IOException {
        apply(group("api", "127.0.0.1"));
        GroupSettings plain = group("api", "127.0.0.2");
        GroupSettings withTls =
                new GroupSettings(
                        "api",
                        plain.servers(),
                        "",
                        false,
                        plain.balance(),
                        new LinkSettings(
                                Protocol.AUTO,
                                Optional.of(ClientTlsSettings.DEFAULT),
                                Optional.empty(),
                                Optional.empty(),
                                false,
                                LinkSettings.DEFAULT_TIMEOUT),
                        plain.health(),
                        plain.ejection(),
                        1,
                        1,
                        0,
                        0,
                        0);
        IOException refused = assertThrows(IOException.class, () -> apply(withTls));
        assertEquals("there is no such certificate", refused.getMessage());
        assertEquals(List.of("127.0.0.1:8080"), members("api"));
    }

    @Test
    void hasOneUpstreamForOneTargetOfFlows() {
        InetSocketAddress address = new InetSocketAddress("192.0.2.10", 80);
        Upstream target = upstreams.target(address, Optional.empty());
        assertSame(target, upstreams.target(address, Optional.empty()));
        assertEquals("192.0.2.10:80", target.name());
        Pick pick = assertInstanceOf(Pick.class, target.pick(PickRequest.first(0)));
        assertEquals("192.0.2.10:80", pick.member().authority());
        assertNotSame(
                target,
                upstreams.target(new InetSocketAddress("192.0.2.10", 81), Optional.empty()));
    }
}
