package io.culvert.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;
import java.util.HashSet;
import java.util.Set;

class ProvenSourcesTest {
    private final ManualClock clock = new ManualClock();
    private final ProvenSources sources = new ProvenSources(clock.nanoTime());

    private static FlowKey key(int tenant, String source, int port) {
        IpAddress address = IpAddress.parse(source);
        return new FlowKey()
                .set(tenant, IpProtocol.TCP, address.high(), address.low(), port, 1, 2, 443);
    }

    private boolean areProven(FlowKey key) {
        return sources.areProven(key, clock.nanoTime());
    }

    private boolean answered(FlowKey key, int number) {
        return sources.answered(key, number, clock.nanoTime());
    }

    private int challenge(FlowKey key) {
        return sources.challenge(key, clock.nanoTime());
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.0.0.1", "2001:db8::1"})
    void believesASourceThatNamesTheNumberItWasSent(String source) {
        FlowKey key = key(1, source, 5000);
        assertFalse(areProven(key));

        assertTrue(answered(key, challenge(key)));

        assertTrue(areProven(key));
        assertTrue(areProven(key(1, source, 5001)), "whatever port it uses next");
        assertFalse(areProven(key(2, source, 5000)), "another tenant's is another host");
    }

    @Test
    void believesNobodyWhoGuesses() {
        FlowKey key = key(1, "10.0.0.1", 5000);
        int number = challenge(key);

        assertFalse(answered(key, number + 1));
        assertFalse(answered(key, 0));
        assertFalse(answered(key(1, "10.0.0.2", 5000), number), "a number of somebody else's");
        assertFalse(answered(key(1, "10.0.0.1", 5001), number));
        assertFalse(areProven(key));
    }

    @Test
    void asksDifferentSourcesForDifferentNumbers() {
        Set<Integer> numbers = new HashSet<>();
        for (int port = 1; port <= 1_000; port++) {
            numbers.add(challenge(key(1, "10.0.0.1", port)));
        }
        assertTrue(numbers.size() > 995, numbers::toString);
    }

    @Test
    void acceptsAnAnswerForAtLeastAMinuteAndNotForever() {
        FlowKey key = key(1, "10.0.0.1", 5000);
        int number = challenge(key);

        clock.advance(Duration.ofSeconds(63));
        assertTrue(answered(key, number));

        clock.advance(Duration.ofMinutes(3));
        assertFalse(answered(key, number));
        assertNotEquals(number, challenge(key));
    }

    @Test
    void forgetsASourceAfterTenMinutes() {
        FlowKey key = key(1, "10.0.0.1", 5000);
        sources.proven(key, clock.nanoTime());

        clock.advance(Duration.ofMinutes(10));
        assertTrue(areProven(key));
        clock.advance(Duration.ofSeconds(2));
        assertFalse(areProven(key));
    }

    @Test
    void remembersMostOfTenThousandSources() {
        for (int i = 0; i < 10_000; i++) {
            sources.proven(key(1, "10.0." + i / 250 + "." + i % 250, 1), clock.nanoTime());
        }
        int remembered = 0;
        for (int i = 0; i < 10_000; i++) {
            remembered += areProven(key(1, "10.0." + i / 250 + "." + i % 250, 1)) ? 1 : 0;
        }
        assertTrue(remembered > 9_000, "remembered " + remembered);
        int strangers = 0;
        for (int i = 0; i < 10_000; i++) {
            strangers += areProven(key(1, "10.1." + i / 250 + "." + i % 250, 1)) ? 1 : 0;
        }
        assertEquals(0, strangers);
    }
}
