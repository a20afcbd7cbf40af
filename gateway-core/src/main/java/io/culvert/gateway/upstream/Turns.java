package io.culvert.gateway.upstream;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The order in which servers take turns: each as often as its weight, and as evenly spread as can
 * be, so that a heavy one does not get its requests in a row.
 */
final class Turns {
    private Turns() {}

    /** One round of it. */
    static ServerMember[] of(List<ServerMember> members) {
        int divisor = 0;
        for (ServerMember member : members) {
            divisor = gcd(divisor, member.weight());
        }
        List<Turn> turns = new ArrayList<>();
        for (ServerMember member : members) {
            int count = member.weight() / divisor;
            for (int i = 0; i < count; i++) {
                // In the middle of each of count equal parts of the round.
                turns.add(new Turn(member, (i + 0.5) / count));
            }
        }
        // Stable: of those at one place the one that comes first in the group.
        turns.sort(Comparator.comparingDouble(Turn::place));
        return turns.stream().map(Turn::member).toArray(ServerMember[]::new);
    }

    private static int gcd(int one, int other) {
        return other == 0 ? one : gcd(other, one % other);
    }

    private record Turn(ServerMember member, double place) {}
}
