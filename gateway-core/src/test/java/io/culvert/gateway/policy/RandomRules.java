package io.culvert.gateway.policy;

import io.culvert.gateway.policy.PlainPolicy.Question;
import io.culvert.nat.PortRange;
import io.culvert.wire.IpAddress;
import io.culvert.wire.Prefix;

import java.time.DayOfWeek;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Supplier;

/** Rules and flows that often meet: few tenants, and addresses and ports near one another. */
final class RandomRules {
    private static final List<String> TENANTS = List.of("acme", "emca", "lab", "guest");
    private static final List<Integer> PROTOCOLS = List.of(6, 17, 1, 58, 47, 50, 132, 0, 255, 64);
    private static final List<ZoneId> ZONES =
            List.of(ZoneId.of("UTC"), ZoneId.of("Europe/Amsterdam"), ZoneId.of("Asia/Kolkata"));

    private final SplittableRandom random;

    RandomRules(long seed) {
        random = new SplittableRandom(seed);
    }

    List<Rule> rules(int count) {
        List<Rule> rules = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            rules.add(rule("r" + i));
        }
        return rules;
    }

    private Rule rule(String name) {
        Action action = Action.values()[random.nextInt(4)];
        Terms terms =
                new Terms(
                        random.nextInt(6) == 0 ? Optional.of(when()) : Optional.empty(),
                        Optional.empty(),
                        false,
                        random.nextInt(5) == 0);
        return new Rule(
                name,
                some(() -> TENANTS.get(random.nextInt(3))),
                some(this::prefix),
                some(this::prefix),
                some(() -> PROTOCOLS.get(random.nextInt(PROTOCOLS.size()))),
                random.nextBoolean() ? List.of() : some(this::ports),
                action,
                "",
                "",
                terms,
                Origin.NONE);
    }

    private <T> List<T> some(Supplier<T> one) {
        List<T> some = new ArrayList<>();
        for (int left = random.nextInt(2) * random.nextInt(5); left > 0; left--) {
            some.add(one.get());
        }
        return some;
    }

    private When when() {
        List<When.Span> times =
                some(
                        () -> {
                            int from = random.nextInt(1440);
                            int to = 1 + random.nextInt(1440);
                            return new When.Span(from, to == from ? to + 1 : to);
                        });
        Set<DayOfWeek> days = Set.copyOf(some(() -> DayOfWeek.of(1 + random.nextInt(7))));
        return new When(days, times, ZONES.get(random.nextInt(ZONES.size())));
    }

    private PortRange ports() {
        int first = 1 + (random.nextInt(8) == 0 ? random.nextInt(65_535) : random.nextInt(20));
        return new PortRange(first, Math.min(65_535, first + random.nextInt(4)));
    }

    private Prefix prefix() {
        IpAddress address = address();
        boolean ipv4 = address.isIpv4();
        int most = ipv4 ? 32 : 128;
        int length = random.nextInt(4) == 0 ? random.nextInt(most + 1) : most - random.nextInt(6);
        int bits = ipv4 ? 96 + length : length;
        long high = bits >= 64 ? -1 : bits == 0 ? 0 : -1L << (64 - bits);
        long low = bits <= 64 ? 0 : -1L << (128 - bits);
        // Of an IPv6 prefix that is cut to ::/0 and the like no bit is one of an IPv4 address.
        return new Prefix(new IpAddress(address.high() & high, address.low() & low), length);
    }

    private IpAddress address() {
        long near = random.nextInt(64);
        return switch (random.nextInt(12)) {
            case 0 -> IpAddress.ofIpv4(random.nextInt());
            // Beside the mapped ones, and at both ends.
            case 1 -> new IpAddress(0, 0x1_0000_0000_0000L + near);
            case 2 -> new IpAddress(0, near);
            case 3 -> new IpAddress(-1, -1 - near);
            case 4, 5, 6 -> new IpAddress(0x2001_0db8L << 32, near);
            case 7 -> IpAddress.ofIpv4(-1 - (int) near);
            default -> IpAddress.ofIpv4(0x0a00_0000 + (int) near);
        };
    }

    Question question() {
        IpAddress source = address();
        IpAddress destination = address();
        return new Question(
                TENANTS.get(random.nextInt(TENANTS.size())),
                random.nextBoolean() ? 6 : PROTOCOLS.get(random.nextInt(PROTOCOLS.size())),
                source.high(),
                source.low(),
                destination.high(),
                destination.low(),
                random.nextInt(8) == 0 ? random.nextInt(65_536) : random.nextInt(24),
                Instant.ofEpochSecond(1_790_000_000L + random.nextInt(400 * 86_400)));
    }
}
