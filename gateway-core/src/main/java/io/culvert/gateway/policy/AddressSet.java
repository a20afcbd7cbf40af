package io.culvert.gateway.policy;

import io.culvert.wire.IpAddress;
import io.culvert.wire.Prefix;

import java.util.List;

/**
 * The addresses of a list of prefixes, every address for an empty list. The families are kept
 * apart, so that {@code ::/0} holds no IPv4 address although these wear the mapped form inside.
 */
public final class AddressSet {
    private static final long MAPPED = 0xffffL;

    private final boolean everything;
    // Pairs of value and mask; only the low word of a mapped address says anything.
    private final long[] ipv4;
    // Fours of high value, high mask, low value, low mask.
    private final long[] ipv6;

    public AddressSet(List<Prefix> prefixes) {
        everything = prefixes.isEmpty();
        int ofIpv4 = Math.toIntExact(prefixes.stream().filter(p -> p.address().isIpv4()).count());
        ipv4 = new long[2 * ofIpv4];
        ipv6 = new long[4 * (prefixes.size() - ofIpv4)];
        int next4 = 0;
        int next6 = 0;
        for (Prefix prefix : prefixes) {
            IpAddress address = prefix.address();
            if (address.isIpv4()) {
                ipv4[next4++] = address.low();
                ipv4[next4++] = maskLow(96 + prefix.length());
            } else {
                ipv6[next6++] = address.high();
                ipv6[next6++] = maskHigh(prefix.length());
                ipv6[next6++] = address.low();
                ipv6[next6++] = maskLow(prefix.length());
            }
        }
    }

    /** Whether it holds every address. */
    public boolean isEverything() {
        return everything;
    }

    public boolean contains(long high, long low) {
        if (everything) {
            return true;
        }
        if (high == 0 && low >>> 32 == MAPPED) {
            for (int i = 0; i < ipv4.length; i += 2) {
                if (((low ^ ipv4[i]) & ipv4[i + 1]) == 0) {
                    return true;
                }
            }
            return false;
        }
        for (int i = 0; i < ipv6.length; i += 4) {
            if ((((high ^ ipv6[i]) & ipv6[i + 1]) | ((low ^ ipv6[i + 2]) & ipv6[i + 3])) == 0) {
                return true;
            }
        }
        return false;
    }

    private static long maskHigh(int length) {
        return length >= 64 ? -1 : length == 0 ? 0 : -1L << (64 - length);
    }

    private static long maskLow(int length) {
        return length <= 64 ? 0 : -1L << (128 - length);
    }
}
