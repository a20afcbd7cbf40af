package io.culvert.gateway.upstream.dns;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

class NameCacheTest {
    private static final NameCache.Key NAME = key("a.example");
    private static final List<InetAddress> ADDRESS = List.of(InetAddress.getLoopbackAddress());

    private long now;
    private final NameCache cache = new NameCache(settings(List.of(), 3), () -> now);

    private static NameCache.Key key(String name) {
        return new NameCache.Key("", name, false);
    }

    private static ResolverSettings settings(List<InetSocketAddress> servers, int size) {
        return new ResolverSettings(
                servers,
                Map.of(),
                Duration.ofSeconds(2),
                size,
                Duration.ofSeconds(5),
                Duration.ofSeconds(60),
                Duration.ofSeconds(30));
    }

    private static NameAnswer found(long seconds) {
        return NameAnswer.found(ADDRESS, Duration.ofSeconds(seconds));
    }

    private void pass(Duration time) {
        now += time.toNanos();
    }

    private Optional<Long> secondsLeft(NameCache.Key key) {
        return cache.get(key).map(answer -> answer.lifetime().toSeconds());
    }

    @Test
    void keepsAnAnswerAsLongAsItIsGood() {
        assertEquals(Duration.ofSeconds(20), cache.put(NAME, found(20)).lifetime());
        pass(Duration.ofSeconds(15));
        assertEquals(Optional.of(5L), secondsLeft(NAME));
        pass(Duration.ofSeconds(5));
        assertEquals(Optional.empty(), cache.get(NAME));
    }

    @Test
    void boundsTheTimesOfServers() {
        assertEquals(Duration.ofSeconds(5), cache.put(NAME, found(0)).lifetime());
        assertEquals(Duration.ofSeconds(60), cache.put(NAME, found(86_400)).lifetime());
        NameAnswer none = NameAnswer.absent("no", Duration.ofHours(3));
        assertEquals(Duration.ofSeconds(30), cache.put(NAME, none).lifetime());
        assertEquals(NameAnswer.Kind.ABSENT, cache.get(NAME).orElseThrow().kind());
        NameAnswer unknown = NameAnswer.absent("no", Duration.ZERO);
        assertEquals(Duration.ZERO, cache.put(NAME, unknown).lifetime(), "RFC 2308 section 5");
        assertEquals(Optional.empty(), cache.get(NAME));
    }

    @Test
    void keepsNoFailure() {
        cache.put(NAME, NameAnswer.failed("silent"));
        assertEquals(0, cache.size());
    }

    @Test
    void hasWhatWasFoundForAnotherDayWhereNoServerAnswers() {
        cache.put(NAME, found(20));
        pass(Duration.ofHours(23));
        NameAnswer stale = cache.stale(NAME, Duration.ofSeconds(3)).orElseThrow();
        assertEquals(ADDRESS, stale.addresses());
        assertEquals(Duration.ofSeconds(3), stale.lifetime());
        pass(Duration.ofHours(2));
        assertEquals(Optional.empty(), cache.stale(NAME, Duration.ofSeconds(3)));
    }

    @Test
    void makesRoomWithTheOneThatWasNotAskedForLongest() {
        for (String name : List.of("a", "b", "c")) {
            cache.put(key(name), found(20));
        }
        assertTrue(cache.get(key("a")).isPresent());
        cache.put(key("d"), found(20));
        assertEquals(3, cache.size());
        assertTrue(cache.get(key("a")).isPresent());
        assertEquals(Optional.empty(), cache.get(key("b")));
    }

    @Test
    void forgetsWhatOtherServersSaid() {
        cache.put(NAME, found(20));
        cache.become(settings(List.of(), 2));
        assertTrue(cache.get(NAME).isPresent(), "the same servers");
        cache.become(settings(List.of(new InetSocketAddress("192.0.2.53", 53)), 2));
        assertEquals(0, cache.size());
    }

    @Test
    void tellsTenantsAndFamiliesApart() {
        cache.put(new NameCache.Key("acme", "a", true), found(20));
        assertEquals(Optional.empty(), cache.get(new NameCache.Key("", "a", true)));
        assertEquals(Optional.empty(), cache.get(new NameCache.Key("acme", "a", false)));
    }
}
