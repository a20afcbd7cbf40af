package io.culvert.gateway.upstream.dns;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.Optional;

class FailedNamesTest {
    private static final NameCache.Key NAME = key("a.example");
    private static final NameAnswer SILENT = NameAnswer.failed("silent");

    private long now;
    private final FailedNames names = new FailedNames(() -> now);

    private static NameCache.Key key(String name) {
        return new NameCache.Key("", name, false);
    }

    private Duration failsFor(NameCache.Key key) {
        return names.failed(key, SILENT).lifetime();
    }

    private void pass(Duration time) {
        now += time.toNanos();
    }

    @Test
    void leavesANameAloneForASecondAndThenTwiceAsLongUpToHalfAMinute() {
        for (int seconds : new int[] {1, 2, 4, 8, 16, 30, 30}) {
            Duration pause = Duration.ofSeconds(seconds);
            assertEquals(pause, failsFor(NAME));
            assertEquals(Optional.of(SILENT.lasting(pause)), names.get(NAME));
            pass(pause.minusNanos(1));
            assertEquals(Optional.of(SILENT.lasting(Duration.ofNanos(1))), names.get(NAME));
            pass(Duration.ofNanos(1));
            assertEquals(Optional.empty(), names.get(NAME));
        }
    }

    @Test
    void beginsAnewOnceItWasAnswered() {
        failsFor(NAME);
        failsFor(NAME);
        names.answered(NAME);
        assertEquals(Optional.empty(), names.get(NAME));
        assertEquals(Duration.ofSeconds(1), failsFor(NAME));
    }

    @Test
    void beginsAnewWhereNobodyHasAskedForFiveMinutes() {
        failsFor(NAME);
        pass(FailedNames.FIRST.plus(FailedNames.FORGOTTEN).minusNanos(1));
        assertEquals(Duration.ofSeconds(2), failsFor(NAME));
        pass(Duration.ofSeconds(2).plus(FailedNames.FORGOTTEN));
        assertEquals(Duration.ofSeconds(1), failsFor(NAME));
    }

    @Test
    void forgetsThemAllForOtherServers() {
        failsFor(NAME);
        names.forget();
        assertEquals(Optional.empty(), names.get(NAME));
        assertEquals(Duration.ofSeconds(1), failsFor(NAME));
    }

    @Test
    void tellsTenantsFamiliesAndNamesApart() {
        failsFor(NAME);
        assertEquals(Optional.empty(), names.get(key("b.example")));
        assertEquals(Optional.empty(), names.get(new NameCache.Key("acme", "a.example", false)));
        assertEquals(Optional.empty(), names.get(new NameCache.Key("", "a.example", true)));
    }

    @Test
    void makesRoomWithTheOneThatWasNotAskedForLongest() {
        for (int i = 0; i < FailedNames.CAPACITY; i++) {
            failsFor(key("name" + i));
        }
        assertTrue(names.get(key("name0")).isPresent());
        failsFor(NAME);
        assertTrue(names.get(key("name0")).isPresent());
        assertEquals(Optional.empty(), names.get(key("name1")));
    }
}
