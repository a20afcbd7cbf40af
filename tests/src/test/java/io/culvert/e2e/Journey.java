package io.culvert.e2e;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * From a host behind an on-ramp to a server beyond the gateway, upgraded to sockets, or to a host
 * behind another on-ramp of the same tenant, forwarded as packets.
 *
 * @param to the other on-ramp; empty for the server
 */
record Journey(OnRampKind from, Optional<OnRampKind> to, Family family) {
    /** From every kind of on-ramp to the server. */
    static Stream<Journey> upgraded() {
        return OnRampKind.all().stream().flatMap(from -> inBothFamilies(from, Optional.empty()));
    }

    /** From every kind to every kind. */
    static Stream<Journey> forwarded() {
        return OnRampKind.all().stream()
                .flatMap(
                        from ->
                                OnRampKind.all().stream()
                                        .flatMap(to -> inBothFamilies(from, Optional.of(to))));
    }

    /** From every kind to the next one, so that each is left and entered. */
    static Stream<Journey> round() {
        List<OnRampKind> kinds = OnRampKind.all();
        return java.util.stream.IntStream.range(0, kinds.size())
                .boxed()
                .flatMap(
                        i ->
                                inBothFamilies(
                                        kinds.get(i),
                                        Optional.of(kinds.get((i + 1) % kinds.size()))));
    }

    private static Stream<Journey> inBothFamilies(OnRampKind from, Optional<OnRampKind> to) {
        return Arrays.stream(Family.values()).map(family -> new Journey(from, to, family));
    }

    boolean isUpgraded() {
        return to.isEmpty();
    }

    /** Whether no flow of it is left once its sites are taken off. */
    boolean endsWithItsSites() {
        return from.endsFlowsOfWhoLeaves()
                || to.map(OnRampKind::endsFlowsOfWhoLeaves).orElse(false);
    }

    @Override
    public String toString() {
        return from + " to " + to.map(OnRampKind::toString).orElse("server") + ", " + family;
    }
}
