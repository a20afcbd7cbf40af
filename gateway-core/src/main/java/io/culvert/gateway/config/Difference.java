package io.culvert.gateway.config;

import io.culvert.gateway.plugin.PluginEntry;
import io.culvert.gateway.policy.Policy;
import io.culvert.gateway.policy.Rule;
import io.culvert.gateway.upstream.GroupSettings;

import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.Function;

/**
 * What differs between two configurations, as an operator sees it. Immutable.
 *
 * @param changes by section, in the order of the second configuration, what is removed at the end
 */
public record Difference(List<Change> changes) {
    /** Where in a file something stands, which changes nothing. */
    private static final Set<String> PLACES = Set.of("line", "origin", "position");

    public Difference {
        changes = List.copyOf(changes);
    }

    /** How something differs. */
    public enum Kind {
        ADDED,
        REMOVED,
        /** It stays, and is otherwise than before. */
        CHANGED,
        /** What cannot be changed while it stays: removed, and added again. */
        REPLACED,
        /** A rule that stands before or behind others than before. */
        MOVED,
        /** Not possible without a restart. */
        RESTART
    }

    /**
     * One thing that differs.
     *
     * @param section of the configuration: {@code onramps}, {@code limits}
     * @param name of the thing; empty where the section is one
     * @param details what of it: {@code mtu: 1500 -> 1400}
     */
    public record Change(String section, String name, Kind kind, List<String> details) {
        public Change {
            details = List.copyOf(details);
        }
    }

    /** What the second has otherwise than the first. */
    public static Difference between(Configuration before, Configuration after) {
        List<Change> changes = new ArrayList<>();
        changes.addAll(
                named(
                        "onramps",
                        before.onramps(),
                        after.onramps(),
                        OnRamp::name,
                        Object::equals,
                        Replacement::isNeeded));
        changes.addAll(
                named(
                        "offramps",
                        before.offramps(),
                        after.offramps(),
                        OffRamp::name,
                        Replacement::isSame,
                        Replacement::isNeeded));
        changes.addAll(policy(before.policy(), after.policy()));
        addIfAny(changes, "limits", Kind.CHANGED, details(before.limits(), after.limits()));
        addIfAny(changes, "timers", Kind.CHANGED, details(before.timers(), after.timers()));
        List<String> midStream = new ArrayList<>();
        detail("mid-stream", before.midStream(), after.midStream()).ifPresent(midStream::add);
        addIfAny(changes, "forwarding", Kind.CHANGED, midStream);
        List<String> workers = new ArrayList<>();
        detail("workers", before.workers(), after.workers()).ifPresent(workers::add);
        addIfAny(changes, "workers", Kind.RESTART, workers);
        addIfAny(
                changes, "telemetry", Kind.RESTART, details(before.telemetry(), after.telemetry()));
        List<String> plugins = new ArrayList<>();
        detail("jars", jars(before), jars(after)).ifPresent(plugins::add);
        if (plugins.isEmpty() && !isSame(before.plugins(), after.plugins())) {
            plugins.add("settings of one or more");
        }
        addIfAny(changes, "plugins", Kind.CHANGED, plugins);
        addIfAny(changes, "tls", Kind.CHANGED, details(before.tls(), after.tls()));
        changes.addAll(
                named(
                        "upstreams",
                        before.upstreams(),
                        after.upstreams(),
                        GroupSettings::name,
                        Object::equals,
                        (one, other) -> false));
        addIfAny(changes, "resolver", Kind.CHANGED, details(before.resolver(), after.resolver()));
        boolean sameLog = before.http().accessLog().equals(after.http().accessLog());
        addIfAny(
                changes,
                "http",
                sameLog ? Kind.CHANGED : Kind.RESTART,
                details(before.http(), after.http()));
        return new Difference(changes);
    }

    private static List<String> jars(Configuration of) {
        return of.plugins().stream().map(entry -> entry.jar().toString()).toList();
    }

    private static boolean isSame(List<PluginEntry> before, List<PluginEntry> after) {
        boolean same = before.size() == after.size();
        for (int i = 0; same && i < before.size(); i++) {
            same = before.get(i).isSame(after.get(i));
        }
        return same;
    }

    /** Whether nothing differs. */
    public boolean isEmpty() {
        return changes.isEmpty();
    }

    private static void addIfAny(
            List<Change> changes, String section, Kind kind, List<String> details) {
        if (!details.isEmpty()) {
            changes.add(new Change(section, "", kind, details));
        }
    }

    private static <T> List<Change> named(
            String section,
            List<T> before,
            List<T> after,
            Function<T, String> name,
            BiPredicate<T, T> same,
            BiPredicate<T, T> replaced) {
        List<Change> changes = new ArrayList<>();
        Map<String, T> old = new LinkedHashMap<>();
        before.forEach(one -> old.put(name.apply(one), one));
        for (T one : after) {
            T was = old.remove(name.apply(one));
            if (was == null) {
                changes.add(new Change(section, name.apply(one), Kind.ADDED, List.of()));
            } else if (!same.test(was, one)) {
                Kind kind = replaced.test(was, one) ? Kind.REPLACED : Kind.CHANGED;
                changes.add(new Change(section, name.apply(one), kind, details(was, one)));
            }
        }
        old.keySet().forEach(one -> changes.add(new Change(section, one, Kind.REMOVED, List.of())));
        return changes;
    }

    private static List<Change> policy(Policy before, Policy after) {
        List<Change> changes = new ArrayList<>();
        List<String> fallback = new ArrayList<>();
        detail("default", word(before.defaultAction()), word(after.defaultAction()))
                .ifPresent(fallback::add);
        addIfAny(changes, "policy", Kind.CHANGED, fallback);
        changes.addAll(
                named(
                        "policy.rules",
                        before.rules(),
                        after.rules(),
                        Rule::name,
                        Object::equals,
                        (one, other) -> false));
        changes.addAll(moved(before.rules(), after.rules()));
        return changes;
    }

    /** Rules of both that have overtaken one another: as few as explain the order. */
    private static List<Change> moved(List<Rule> before, List<Rule> after) {
        Map<String, Integer> places = new HashMap<>();
        for (int i = 0; i < before.size(); i++) {
            places.put(before.get(i).name(), i);
        }
        List<String> common =
                after.stream().map(Rule::name).filter(places::containsKey).distinct().toList();
        Set<String> staying = Set.copyOf(longestIncreasing(common, places));
        return common.stream()
                .filter(name -> !staying.contains(name))
                .map(name -> new Change("policy.rules", name, Kind.MOVED, List.of()))
                .toList();
    }

    /** Of a sequence the longest part, in its order, whose places only grow. */
    private static List<String> longestIncreasing(List<String> names, Map<String, Integer> places) {
        // For each length the name that such a part ends with at the earliest place.
        List<Integer> ends = new ArrayList<>();
        int[] previous = new int[names.size()];
        for (int i = 0; i < names.size(); i++) {
            int place = places.get(names.get(i));
            int low = 0;
            int high = ends.size();
            while (low < high) {
                int middle = (low + high) >>> 1;
                if (places.get(names.get(ends.get(middle))) < place) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            previous[i] = low == 0 ? -1 : ends.get(low - 1);
            if (low == ends.size()) {
                ends.add(i);
            } else {
                ends.set(low, i);
            }
        }
        List<String> part = new ArrayList<>();
        for (int i = ends.isEmpty() ? -1 : ends.getLast(); i >= 0; i = previous[i]) {
            part.addFirst(names.get(i));
        }
        return part;
    }

    /** What two records of the same kind have otherwise, key by key. */
    private static List<String> details(Object before, Object after) {
        List<String> details = new ArrayList<>();
        if (before.getClass() != after.getClass()) {
            detail("type", word(before), word(after)).ifPresent(details::add);
            return details;
        }
        for (RecordComponent component : before.getClass().getRecordComponents()) {
            Object was = value(component, before);
            Object is = value(component, after);
            if (PLACES.contains(component.getName()) || Objects.equals(was, is)) {
                continue;
            }
            if (is instanceof Record && was instanceof Record) {
                details.addAll(details(was, is));
            } else {
                detail(key(component.getName()), was, is).ifPresent(details::add);
            }
        }
        return details;
    }

    private static Object value(RecordComponent component, Object of) {
        try {
            return component.getAccessor().invoke(of);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("a record's own accessor", e);
        }
    }

    private static Optional<String> detail(String key, Object before, Object after) {
        return Objects.equals(before, after)
                ? Optional.empty()
                : Optional.of(key + ": " + shown(before) + " -> " + shown(after));
    }

    private static String shown(Object value) {
        return switch (value) {
            case Optional<?> one -> one.map(Difference::shown).orElse("none");
            case List<?> many -> many.stream().map(Difference::shown).toList().toString();
            case java.time.Duration time ->
                    time.toMillis() % 1000 == 0 ? time.toSeconds() + "s" : time.toMillis() + "ms";
            case java.net.InetSocketAddress address ->
                    address.getAddress().getHostAddress() + ":" + address.getPort();
            case Enum<?> one -> word(one);
            case OnRamp.Gue.Peer peer -> peer.from().toString();
            default -> String.valueOf(value);
        };
    }

    private static String word(Object of) {
        String name = of instanceof Enum<?> one ? one.name() : of.getClass().getSimpleName();
        return name.toLowerCase(Locale.ROOT);
    }

    /** As the configuration writes it: {@code flowsPerTenant} is {@code flows-per-tenant}. */
    private static String key(String component) {
        return component.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    }
}
