package io.culvert.gateway.upstream;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Consistent hashing: each server has points on a circle, as many as its weight says, and a request
 * goes to the server whose point comes next after the request's hash.
 *
 * <p>The points of a server follow from its name alone. So a server that goes hands its own
 * requests to the others, and nothing else moves; one that comes takes its share from all of them.
 * With {@value #POINTS} points for each unit of weight, shares are off by some per cent.
 */
final class HashRing {
    /** The shares' standard deviation is about one over its root: 7 in 100. */
    static final int POINTS = 200;

    /** Beyond so many, all servers have fewer; the circle fits a processor's cache better. */
    private static final int MOST_POINTS = 400_000;

    private final long[] points;
    private final ServerMember[] owners;

    HashRing(List<ServerMember> members) {
        int weights = members.stream().mapToInt(ServerMember::weight).sum();
        int each = Math.max(1, Math.min(POINTS, MOST_POINTS / Math.max(1, weights)));
        List<Point> all = new ArrayList<>();
        for (ServerMember member : members) {
            long seed = hash(member.name());
            for (int i = 0; i < each * member.weight(); i++) {
                all.add(new Point(mix(seed + i * 0x9e3779b97f4a7c15L), member));
            }
        }
        all.sort(Comparator.comparingLong(Point::place));
        points = all.stream().mapToLong(Point::place).toArray();
        owners = all.stream().map(Point::owner).toArray(ServerMember[]::new);
    }

    /** The servers in the order of their points. */
    ServerMember[] owners() {
        return owners;
    }

    /** Where in {@link #owners} the walk begins that a hash stands for. */
    int start(long hash) {
        // What callers have may be small numbers.
        int at = Arrays.binarySearch(points, mix(hash));
        int next = at < 0 ? -at - 1 : at;
        return next == points.length ? 0 : next;
    }

    /** A hash of a text: FNV-1a over its UTF-8, mixed. */
    static long hash(String text) {
        long hash = 0xcbf29ce484222325L;
        for (byte one : text.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (one & 0xff)) * 0x100000001b3L;
        }
        return mix(hash);
    }

    /** The finalizer of MurmurHash3: each bit of the input changes half of those that come out. */
    private static long mix(long value) {
        long mixed = value;
        mixed = (mixed ^ (mixed >>> 33)) * 0xff51afd7ed558ccdL;
        mixed = (mixed ^ (mixed >>> 33)) * 0xc4ceb9fe1a85ec53L;
        return mixed ^ (mixed >>> 33);
    }

    private record Point(long place, ServerMember owner) {}
}
