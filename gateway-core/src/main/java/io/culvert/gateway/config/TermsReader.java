package io.culvert.gateway.config;

import io.culvert.flow.Allowance;
import io.culvert.flow.RateLimits;
import io.culvert.gateway.policy.Action;
import io.culvert.gateway.policy.Content;
import io.culvert.gateway.policy.Proxying;
import io.culvert.gateway.policy.Quota;
import io.culvert.gateway.policy.Terms;
import io.culvert.gateway.policy.When;

import java.time.DateTimeException;
import java.time.DayOfWeek;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a rule says besides whom it matches and what it decides. */
final class TermsReader {
    private static final Pattern TIMES =
            Pattern.compile("([0-9]{2}):([0-9]{2}) *- *([0-9]{2}):([0-9]{2})");
    private static final Pattern DAYS = Pattern.compile("([a-z]{3})(?: *- *([a-z]{3}))?");
    private static final int DAY = 24 * 60;

    private TermsReader() {}

    /**
     * @param audit whether every refusing rule is in audit mode
     */
    static Terms read(
            Section rule, Action action, boolean audit, Proxying proxying, Content content) {
        boolean refuses = action == Action.DENY || action == Action.REJECT;
        boolean audited = rule.flag("audit", audit && refuses);
        if (audited && !refuses && rule.has("do")) {
            rule.wrongKey("audit", "only a rule that denies or rejects can be in audit mode");
        }
        return new Terms(
                rule.has("when") ? when(rule.section("when")) : Optional.empty(),
                rule.has("rate") ? quota(rule, refuses) : Optional.empty(),
                rule.flag("log", false),
                audited,
                proxying,
                content);
    }

    private static Optional<When> when(Section section) {
        Set<DayOfWeek> days = EnumSet.noneOf(DayOfWeek.class);
        section.values("days", TermsReader::days).forEach(days::addAll);
        List<When.Span> times = section.values("time", TermsReader::span);
        if (section.isMapping() && !section.has("days") && !section.has("time")) {
            section.wrong(section.position(), "when says neither days nor a time");
        }
        return Optional.of(
                new When(
                        days,
                        times,
                        section.value("zone", TermsReader::zone).orElse(ZoneOffset.UTC)));
    }

    private static Set<DayOfWeek> days(String text) {
        Matcher form = DAYS.matcher(text);
        if (!form.matches()) {
            throw new IllegalArgumentException(
                    "\"" + Printable.of(text) + "\" is no day; write it like mon or mon-fri");
        }
        DayOfWeek day = day(form.group(1));
        DayOfWeek last = form.group(2) == null ? day : day(form.group(2));
        Set<DayOfWeek> days = EnumSet.of(day);
        while (day != last) {
            day = day.plus(1);
            days.add(day);
        }
        return days;
    }

    private static DayOfWeek day(String word) {
        List<String> words =
                Arrays.stream(DayOfWeek.values())
                        .map(day -> day.name().substring(0, 3).toLowerCase(Locale.ROOT))
                        .toList();
        int number = words.indexOf(word);
        if (number < 0) {
            throw new IllegalArgumentException(
                    "unknown day \"%s\"%s".formatted(word, Spelling.hint(word, words)));
        }
        return DayOfWeek.of(number + 1);
    }

    private static When.Span span(String text) {
        Matcher form = TIMES.matcher(text);
        if (!form.matches()) {
            throw new IllegalArgumentException(
                    "\"%s\" is no time of day; write it like 08:00-18:00"
                            .formatted(Printable.of(text)));
        }
        int from = minute(form.group(1), form.group(2));
        int to = minute(form.group(3), form.group(4));
        if (from == DAY || from == to) {
            throw new IllegalArgumentException(
                    from == to ? "it begins when it ends" : "a time begins before 24:00");
        }
        // Until midnight.
        return new When.Span(from, to == 0 ? DAY : to);
    }

    private static int minute(String hour, String minute) {
        int minutes = 60 * Integer.parseInt(hour) + Integer.parseInt(minute);
        if (Integer.parseInt(minute) > 59 || minutes > DAY) {
            throw new IllegalArgumentException("no clock shows %s:%s".formatted(hour, minute));
        }
        return minutes;
    }

    private static ZoneId zone(String text) {
        try {
            return ZoneId.of(text);
        } catch (DateTimeException unknown) {
            throw new IllegalArgumentException(
                    "unknown time zone \"%s\"%s"
                            .formatted(
                                    Printable.of(text),
                                    Spelling.nearHint(text, ZoneId.getAvailableZoneIds())),
                    unknown);
        }
    }

    private static Optional<Quota> quota(Section rule, boolean refuses) {
        if (refuses && rule.has("do")) {
            rule.wrongKey("rate", "a refused flow has no rate");
        }
        Section section = rule.section("rate");
        String per = section.text("per").orElse("rule");
        Allowance allowance =
                new Allowance(
                        Math.max(0, section.number("flows-per-second", 0)),
                        Math.max(0, section.number("flows", 0)),
                        Math.max(0, section.number("packets-per-second", 0)),
                        section.value("bytes-per-second", TermsReader::bytes).orElse(0L));
        if (section.isMapping()
                && !section.has("flows-per-second")
                && !section.has("flows")
                && !section.has("packets-per-second")
                && !section.has("bytes-per-second")) {
            section.wrong(section.position(), "rate limits nothing");
        }
        return Arrays.stream(RateLimits.Per.values())
                .filter(each -> each.name().toLowerCase(Locale.ROOT).equals(per))
                .findFirst()
                .map(each -> new Quota(each, allowance));
    }

    private static long bytes(String text) {
        long bytes = Quantity.bytes(text);
        if (bytes < Quantity.bytes("1kB") || bytes > Quantity.bytes("1000GB")) {
            throw new IllegalArgumentException("must be between 1kB and 1000GB, not " + text);
        }
        return bytes;
    }
}
