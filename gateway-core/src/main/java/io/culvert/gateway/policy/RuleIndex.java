package io.culvert.gateway.policy;

import io.culvert.flow.FlowKey;
import io.culvert.wire.IpAddress;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.IntPredicate;

/**
 * Which rules a flow matches, without trying them one after the other.
 *
 * <p><b>Theory of operation.</b> Bit vectors (Lakshman and Stiliadis, 1998): each dimension of a
 * flow, its tenant, protocol, port and two addresses, is looked up for the set of rules that match
 * in this dimension; rules that match in all of them are in the sets' intersection, and the lowest
 * number in it is the first rule that matches. The sets are exact, so no rule is looked at again. A
 * look-up in a dimension is a hash, an array element or a binary search; the intersection takes a
 * few nanoseconds for every {@value RuleSets#BLOCK_RULES} rules, of which blocks that are empty in
 * one dimension cost next to nothing.
 *
 * <p>Immutable; asking allocates nothing.
 */
final class RuleIndex {
    private final List<Reach> reaches;
    private final Map<String, long[][]> byTenant = new HashMap<>();
    private final long[][] ofOtherTenants;
    private final long[][][] byProtocol = new long[256][][];
    private final Stretches ports;
    private final Stretches sources4;
    private final Stretches sources6;
    private final Stretches destinations4;
    private final Stretches destinations6;
    private final long[] empty;
    private final int blocks;

    RuleIndex(List<Rule> rules) {
        reaches = rules.stream().map(Reach::of).toList();
        RuleSets maker = new RuleSets(rules.size());
        empty = maker.emptyBlock();
        blocks = maker.blocks();
        Map<String, List<Integer>> named = new HashMap<>();
        for (int i = 0; i < reaches.size(); i++) {
            for (String tenant : reaches.get(i).tenants()) {
                named.computeIfAbsent(tenant, each -> new ArrayList<>()).add(i);
            }
        }
        RuleSets.Changing ofTenant = set(maker, rule -> reaches.get(rule).tenants().isEmpty());
        ofOtherTenants = ofTenant.set();
        named.forEach(
                (tenant, theirs) -> {
                    theirs.forEach(ofTenant::flip);
                    byTenant.put(tenant, ofTenant.set());
                    theirs.forEach(ofTenant::flip);
                });
        for (int i = 0; i < byProtocol.length; i++) {
            int protocol = i;
            byProtocol[i] = set(maker, rule -> reaches.get(rule).protocols().get(protocol)).set();
        }
        ports = stretches(maker, Reach::ports);
        sources4 = stretches(maker, Reach::sources4);
        sources6 = stretches(maker, Reach::sources6);
        destinations4 = stretches(maker, Reach::destinations4);
        destinations6 = stretches(maker, Reach::destinations6);
    }

    private RuleSets.Changing set(RuleSets maker, IntPredicate contains) {
        RuleSets.Changing set = maker.changing();
        for (int i = 0; i < reaches.size(); i++) {
            if (contains.test(i)) {
                set.flip(i);
            }
        }
        return set;
    }

    private Stretches stretches(RuleSets maker, Function<Reach, Ranges> dimension) {
        return new Stretches(reaches.stream().map(dimension).toList(), maker);
    }

    /** What a rule matches. */
    Reach reach(int rule) {
        return reaches.get(rule);
    }

    /** Whether a rule counts now, though it matches. */
    @FunctionalInterface
    interface Counts {
        boolean counts(int rule);
    }

    /** As below. */
    int first(Policy.Question question, int from, Counts counts) {
        return first(question.tenant(), question.flow(), from, counts);
    }

    /**
     * The first rule that matches, counts and is none before {@code from}; -1 where there is none.
     */
    int first(String tenant, FlowKey flow, int from, Counts counts) {
        if (blocks == 0) {
            return -1;
        }
        long[][] inTenant = byTenant.getOrDefault(tenant, ofOtherTenants);
        int protocol = flow.protocol();
        long[][] inProtocol = byProtocol[protocol];
        // Rules with ports are in no other protocol's set.
        long[][] inPort =
                Protocol.hasPorts(protocol) ? ports.at(0, flow.destinationPort()) : inProtocol;
        long[][] inSource =
                of(sources4, sources6, /* high= */ flow.sourceHigh(), /* low= */ flow.sourceLow());
        long[][] inDestination =
                of(
                        destinations4,
                        destinations6,
                        /* high= */ flow.destinationHigh(),
                        /* low= */ flow.destinationLow());
        for (int block = from / RuleSets.BLOCK_RULES; block < blocks; block++) {
            long[] t = inTenant[block];
            long[] p = inProtocol[block];
            long[] n = inPort[block];
            long[] s = inSource[block];
            long[] d = inDestination[block];
            if (t == empty || p == empty || n == empty || s == empty || d == empty) {
                continue;
            }
            for (int word = 0; word < RuleSets.BLOCK_WORDS; word++) {
                long matching = t[word] & p[word] & n[word] & s[word] & d[word];
                int first = block * RuleSets.BLOCK_RULES + 64 * word;
                if (matching != 0 && first < from) {
                    matching = from - first >= 64 ? 0 : matching & -1L << (from - first);
                }
                for (; matching != 0; matching &= matching - 1) {
                    int rule = first + Long.numberOfTrailingZeros(matching);
                    if (counts.counts(rule)) {
                        return rule;
                    }
                }
            }
        }
        return -1;
    }

    private static long[][] of(Stretches ipv4, Stretches ipv6, long high, long low) {
        return (IpAddress.isIpv4(high, low) ? ipv4 : ipv6).at(high, low);
    }
}
