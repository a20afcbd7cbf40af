package io.culvert.gateway.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneId;
import java.util.List;
import java.util.Set;

class WhenTest {
    private static final ZoneId AMSTERDAM = ZoneId.of("Europe/Amsterdam");

    private static final Set<DayOfWeek> WORKDAYS =
            Set.of(
                    DayOfWeek.MONDAY,
                    DayOfWeek.TUESDAY,
                    DayOfWeek.WEDNESDAY,
                    DayOfWeek.THURSDAY,
                    DayOfWeek.FRIDAY);

    private static When when(Set<DayOfWeek> days, int... hours) {
        return new When(days, List.of(new When.Span(hours[0] * 60, hours[1] * 60)), AMSTERDAM);
    }

    private static void is(boolean included, When when, String instant) {
        assertEquals(included, when.includes(Instant.parse(instant)), instant);
    }

    @Test
    void includesItsHoursInItsZone() {
        When office = when(WORKDAYS, 8, 18);
        // A Monday in winter, an hour ahead of UTC.
        is(false, office, "2026-11-23T06:59:59.999Z");
        is(true, office, "2026-11-23T07:00:00Z");
        is(true, office, "2026-11-23T16:59:59.999Z");
        is(false, office, "2026-11-23T17:00:00Z");
        // And in summer, two hours.
        is(true, office, "2026-07-06T06:00:00Z");
        is(false, office, "2026-07-06T16:00:00Z");
        // A Saturday.
        is(false, office, "2026-11-21T12:00:00Z");
    }

    @Test
    void carriesTimesPastMidnightOnFromTheDayOnWhichTheyBegin() {
        When friday = when(Set.of(DayOfWeek.FRIDAY), 22, 6);
        is(false, friday, "2026-11-20T20:59:00Z");
        is(true, friday, "2026-11-20T21:00:00Z");
        is(true, friday, "2026-11-21T04:59:00Z");
        is(false, friday, "2026-11-21T05:00:00Z");
        is(false, friday, "2026-11-21T21:00:00Z");
        is(false, friday, "2026-11-20T04:00:00Z");
    }

    @Test
    void includesWholeDaysWhereItNamesNoTime() {
        When sunday = new When(Set.of(DayOfWeek.SUNDAY), List.of(), AMSTERDAM);
        is(false, sunday, "2026-11-21T22:59:59Z");
        is(true, sunday, "2026-11-21T23:00:00Z");
        is(true, sunday, "2026-11-22T22:59:59Z");
        is(false, sunday, "2026-11-22T23:00:00Z");
    }

    @Test
    void goesByTheClockOnTheWallWhereSummerTimeBegins() {
        // 2026-03-29: from 02:00 to 03:00 at 01:00 UTC.
        When early = new When(Set.of(), List.of(new When.Span(150, 240)), AMSTERDAM);
        is(false, early, "2026-03-29T00:59:00Z");
        is(true, early, "2026-03-29T01:00:00Z");
        is(false, early, "2026-03-29T02:00:00Z");
        When missing = when(Set.of(), 2, 3);
        for (int minute = 0; minute < 24 * 60; minute++) {
            Instant instant =
                    Instant.parse("2026-03-28T23:00:00Z").plus(Duration.ofMinutes(minute));
            assertFalse(missing.includes(instant), instant::toString);
        }
    }

    @Test
    void goesByTheClockOnTheWallWhereSummerTimeEnds() {
        // 2026-10-25: from 03:00 back to 02:00 at 01:00 UTC.
        When twice = when(Set.of(), 2, 3);
        is(false, twice, "2026-10-24T23:59:00Z");
        is(true, twice, "2026-10-25T00:00:00Z");
        is(true, twice, "2026-10-25T01:00:00Z");
        is(true, twice, "2026-10-25T01:59:00Z");
        is(false, twice, "2026-10-25T02:00:00Z");
    }

    @Test
    void endsAtMidnightWhereItSaysSo() {
        When evening = when(Set.of(), 18, 24);
        is(true, evening, "2026-11-23T22:59:00Z");
        is(false, evening, "2026-11-23T23:00:00Z");
        is(false, evening, "2026-11-23T16:59:00Z");
    }

    @Test
    void looksAtTheCalendarOnceAMinute() {
        When office = when(Set.of(), 8, 18);
        Hours hours = new Hours(office);
        Instant[] now = {Instant.parse("2026-11-23T06:59:59.999Z")};
        InstantSource clock = () -> now[0];
        assertFalse(hours.areNow(clock));
        now[0] = now[0].plusMillis(1);
        assertTrue(hours.areNow(clock));
        // A clock that is set back is believed.
        now[0] = now[0].minusSeconds(1);
        assertFalse(hours.areNow(clock));
        for (int minute = 0; minute < 3 * 24 * 60; minute++) {
            now[0] = now[0].plusSeconds(60);
            assertEquals(office.includes(now[0]), hours.areNow(clock), now[0]::toString);
        }
    }

    @Test
    void hasNoSpanOfNothing() {
        assertThrows(IllegalArgumentException.class, () -> new When.Span(60, 60));
        assertThrows(IllegalArgumentException.class, () -> new When.Span(1440, 60));
        assertThrows(IllegalArgumentException.class, () -> new When.Span(0, 1441));
    }
}
