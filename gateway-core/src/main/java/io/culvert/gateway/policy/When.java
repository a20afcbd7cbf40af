package io.culvert.gateway.policy;

import java.time.DayOfWeek;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A rule's hours: what the calendar and the clock on a wall there must show. So an hour that a
 * change to daylight saving time leaves out does not come, and one that is there twice counts
 * twice.
 *
 * @param days on which a time begins; empty for every day
 * @param times any of them; empty for the whole day
 * @param zone where the wall is
 */
public record When(Set<DayOfWeek> days, List<Span> times, ZoneId zone) {
    private static final int DAY = 24 * 60;

    /**
     * From one minute of a day up to, not including, another; the next day's where that is the
     * earlier one.
     *
     * @param from 0 to 1439
     * @param to 1 to 1440
     */
    public record Span(int from, int to) {
        public Span {
            if (from < 0 || from >= DAY || to < 1 || to > DAY || from == to) {
                throw new IllegalArgumentException("no span of a day");
            }
        }

        @Override
        public String toString() {
            return "%02d:%02d-%02d:%02d".formatted(from / 60, from % 60, to / 60, to % 60);
        }
    }

    public When {
        days = Set.copyOf(days);
        times = List.copyOf(times);
    }

    /** Whether it is such a time; the answer holds for the rest of the minute. */
    public boolean includes(Instant instant) {
        ZonedDateTime there = instant.atZone(zone);
        DayOfWeek today = there.getDayOfWeek();
        if (times.isEmpty()) {
            return isOn(today);
        }
        int minute = 60 * there.getHour() + there.getMinute();
        for (Span time : times) {
            boolean pastMidnight = time.to < time.from;
            if (pastMidnight && minute < time.to && isOn(today.minus(1))) {
                return true;
            }
            if (minute >= time.from && (pastMidnight || minute < time.to) && isOn(today)) {
                return true;
            }
        }
        return false;
    }

    private boolean isOn(DayOfWeek day) {
        return days.isEmpty() || days.contains(day);
    }

    @Override
    public String toString() {
        String on =
                days.stream()
                        .sorted()
                        .map(day -> day.name().substring(0, 3).toLowerCase(java.util.Locale.ROOT))
                        .collect(Collectors.joining(", ", "days: [", "], "));
        return "{ %s%szone: %s }"
                .formatted(
                        days.isEmpty() ? "" : on,
                        times.isEmpty() ? "" : "time: " + times + ", ",
                        zone);
    }
}
