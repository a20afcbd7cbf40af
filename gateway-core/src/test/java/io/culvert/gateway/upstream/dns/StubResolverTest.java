package io.culvert.gateway.upstream.dns;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.upstream.Loop;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/** Against name servers on loopback. */
class StubResolverTest {
    private final AtomicLong now = new AtomicLong();
    @TempDir private Path directory;
    private Loop loop;
    private NameServer first;
    private NameServer second;
    private StubResolver resolver;

    @BeforeEach
    void begin() throws Exception {
        loop = new Loop();
        first = NameServer.open();
        second = NameServer.open();
        resolver = resolver(settings(Map.of(), Duration.ofSeconds(20)));
    }

    @AfterEach
    void end() {
        resolver.close();
        loop.close();
        first.close();
        second.close();
    }

    private ResolverSettings settings(
            Map<String, List<InetSocketAddress>> tenants, Duration timeout) {
        return new ResolverSettings(
                List.of(first.address(), second.address()),
                tenants,
                timeout,
                100,
                Duration.ofSeconds(1),
                Duration.ofHours(1),
                Duration.ofSeconds(30));
    }

    private StubResolver resolver(ResolverSettings settings) {
        return new StubResolver(
                loop.loop(),
                settings,
                now::get,
                directory.resolve("resolv.conf"),
                directory.resolve("hosts"));
    }

    private NameAnswer ask(String tenant, String name) throws Exception {
        return loop.begin(() -> resolver.resolve(tenant, name)).getNow();
    }

    private List<String> addresses(String name) throws Exception {
        return texts(ask("", name));
    }

    private static List<String> texts(NameAnswer answer) {
        return answer.addresses().stream().map(one -> one.getHostAddress()).toList();
    }

    @Test
    void findsBothFamiliesIpv6First() throws Exception {
        first.addresses("api.example", 300, "192.0.2.1", "192.0.2.2", "2001:db8::1");
        assertEquals(
                List.of("2001:db8:0:0:0:0:0:1", "192.0.2.1", "192.0.2.2"),
                addresses("api.example"));
        assertEquals(Duration.ofMinutes(5), ask("", "API.example").lifetime());
        assertEquals(2, first.questions().size(), "the second answer was kept");
        now.addAndGet(Duration.ofMinutes(5).toNanos());
        addresses("api.example");
        assertEquals(4, first.questions().size());
    }

    @Test
    void takesAnAddressAsItIs() throws Exception {
        assertEquals(List.of("192.0.2.7"), addresses("192.0.2.7"));
        assertEquals(List.of("2001:db8:0:0:0:0:0:7"), addresses("2001:db8::7"));
        assertEquals(List.of(), first.questions());
    }

    @Test
    void asksTheNextServerWhereOneCannotAnswer() throws Exception {
        first.fails("api.example", 2);
        second.addresses("api.example", 300, "192.0.2.1");
        assertEquals(List.of("192.0.2.1"), addresses("api.example"));

        first.fails("db.example", 5);
        second.addresses("db.example", 300, "192.0.2.2");
        assertEquals(List.of("192.0.2.2"), addresses("db.example"));
    }

    @Test
    void asksTheNextServerWhereOneIsSilentAndThatOneFirstFromThenOn() throws Exception {
        resolver = resolver(settings(Map.of(), Duration.ofMillis(200)));
        second.addresses("api.example", 300, "192.0.2.1");
        second.addresses("db.example", 300, "192.0.2.2");
        assertEquals(List.of("192.0.2.1"), addresses("api.example"));
        int asked = first.questions().size();
        assertEquals(List.of("192.0.2.2"), addresses("db.example"));
        assertEquals(asked, first.questions().size());
    }

    @Test
    void believesThatANameIsMissingAndForHowLong() throws Exception {
        first.missing("no.example", 900, 10);
        second.addresses("no.example", 300, "192.0.2.1");
        NameAnswer answer = ask("", "no.example");
        assertEquals(NameAnswer.Kind.ABSENT, answer.kind());
        assertEquals("there is no name no.example", answer.problem());
        assertEquals(Duration.ofSeconds(10), answer.lifetime(), "the SOA's last field is less");
        assertEquals(List.of(), second.questions());

        now.addAndGet(Duration.ofSeconds(9).toNanos());
        ask("", "no.example");
        assertEquals(2, first.questions().size());
        now.addAndGet(Duration.ofSeconds(1).toNanos());
        ask("", "no.example");
        assertEquals(4, first.questions().size());
    }

    @Test
    void followsAnAliasWhoseTargetTheServerDoesNotGive() throws Exception {
        first.alias("www.example", 60, "edge.example");
        first.addresses("edge.example", 300, "192.0.2.1");
        NameAnswer answer = ask("", "www.example");
        assertEquals(List.of("192.0.2.1"), texts(answer));
        assertEquals(Duration.ofSeconds(60), answer.lifetime());
    }

    @Test
    void givesUpOnAnAliasOfItself() throws Exception {
        first.alias("loop.example", 60, "loop.example");
        second.alias("loop.example", 60, "loop.example");
        assertEquals(NameAnswer.Kind.FAILED, ask("", "loop.example").kind());
    }

    @Test
    void servesWhatItKnewWhereNoServerAnswersAnyMore() throws Exception {
        first.addresses("api.example", 10, "192.0.2.1");
        addresses("api.example");
        first.fails("api.example", 2);
        second.fails("api.example", 2);
        now.addAndGet(Duration.ofMinutes(5).toNanos());
        NameAnswer stale = ask("", "api.example");
        assertEquals(List.of("192.0.2.1"), texts(stale));
        assertEquals(FailedNames.FIRST, stale.lifetime());
        assertEquals(
                stale,
                ask("", "api.example").lasting(FailedNames.FIRST),
                "and for that long nobody is asked");

        now.addAndGet(Duration.ofDays(2).toNanos());
        NameAnswer failed = ask("", "api.example");
        assertEquals(NameAnswer.Kind.FAILED, failed.kind());
        assertEquals("the name server answers ServFail(2)", failed.problem());
    }

    @Test
    void leavesServersThatKnowNothingAloneForLongerAndLonger() throws Exception {
        first.fails("api.example", 2);
        second.fails("api.example", 2);
        for (int seconds : new int[] {1, 2, 4, 8, 16, 30, 30}) {
            int asked = first.questions().size();
            NameAnswer answer = ask("", "api.example");
            assertEquals(NameAnswer.Kind.FAILED, answer.kind());
            assertEquals(Duration.ofSeconds(seconds), answer.lifetime());
            assertEquals(asked + 4, first.questions().size(), "both families, twice");

            now.addAndGet(Duration.ofSeconds(seconds).toNanos() - 1);
            assertEquals(Duration.ofNanos(1), ask("", "api.example").lifetime());
            assertEquals(asked + 4, first.questions().size(), "nobody was asked");
            now.addAndGet(1);
        }
    }

    @Test
    void findsServersThatAreBackAndBeginsAnewWithTheNextFailure() throws Exception {
        first.fails("api.example", 2);
        second.fails("api.example", 2);
        ask("", "api.example");
        now.addAndGet(Duration.ofSeconds(1).toNanos());
        ask("", "api.example");
        first.addresses("api.example", 10, "192.0.2.1", "2001:db8::1");
        now.addAndGet(Duration.ofSeconds(2).toNanos());
        assertEquals(List.of("2001:db8:0:0:0:0:0:1", "192.0.2.1"), texts(ask("", "api.example")));

        first.fails("api.example", 2);
        now.addAndGet(Duration.ofSeconds(10).toNanos());
        assertEquals(Duration.ofSeconds(1), ask("", "api.example").lifetime());
    }

    @Test
    void asksOthersAtOnceWhereTheyAreConfigured() throws Exception {
        first.fails("api.example", 2);
        second.fails("api.example", 2);
        assertEquals(NameAnswer.Kind.FAILED, ask("", "api.example").kind());
        second.addresses("api.example", 300, "192.0.2.1");
        assertEquals(List.of(), addresses("api.example"), "not yet");
        resolver.become(settings(Map.of(), Duration.ofSeconds(10)));
        assertEquals(List.of("192.0.2.1"), addresses("api.example"));
    }

    @Test
    void asksATenantsServersForATenantAndNoOthers() throws Exception {
        Files.writeString(directory.resolve("hosts"), "192.0.2.99 db.internal\n");
        resolver =
                resolver(
                        settings(
                                Map.of("acme", List.of(second.address())), Duration.ofSeconds(20)));
        second.addresses("db.internal", 300, "10.0.0.1");
        assertEquals(List.of("10.0.0.1"), texts(ask("acme", "db.internal")));
        assertEquals(List.of("192.0.2.99"), texts(ask("other", "db.internal")));
        assertEquals(List.of(), first.questions());
    }

    @Test
    void asksTheHostsServersWhereNoneAreConfigured() throws Exception {
        ResolverSettings defaults = ResolverSettings.DEFAULT;
        Files.writeString(
                directory.resolve("hosts"), "192.0.2.50 printer.example printer\n::1 me\n");
        resolver = resolver(defaults);
        assertEquals(List.of("192.0.2.50"), addresses("printer"));
        assertEquals(List.of("0:0:0:0:0:0:0:1"), addresses("me"));
        assertTrue(first.questions().isEmpty());
    }

    @Test
    void saysThatNobodyCanHaveSuchAName() throws Exception {
        NameAnswer answer = ask("", "x".repeat(64) + ".example");
        assertEquals(NameAnswer.Kind.ABSENT, answer.kind(), answer.problem());
    }
}
