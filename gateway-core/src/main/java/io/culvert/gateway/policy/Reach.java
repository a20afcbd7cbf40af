package io.culvert.gateway.policy;

import io.culvert.gateway.policy.Ranges.Range;
import io.culvert.nat.PortRange;
import io.culvert.wire.IpAddress;
import io.culvert.wire.Prefix;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Set;

/**
 * The flows that a rule matches, in a form that can be indexed and compared: in each dimension one
 * set, and every flow that is in all of them. Addresses of the two families are dimensions of their
 * own, since no flow has one of each.
 *
 * @param tenants empty for every tenant
 * @param protocols IP protocol numbers; only those that have ports where the rule asks for ports
 * @param ports of the target; only asked of protocols that have them
 */
record Reach(
        Set<String> tenants,
        BitSet protocols,
        Ranges ports,
        Ranges sources4,
        Ranges sources6,
        Ranges destinations4,
        Ranges destinations6) {
    private static final long MAPPED = 0xffff_0000_0000L;
    private static final Range EVERY_IPV4 = new Range(0, MAPPED, 0, MAPPED | 0xffff_ffffL);
    private static final Range EVERY_IPV6 = new Range(0, 0, -1, -1);
    private static final Range EVERY_PORT = new Range(0, 0, 0, 0xffff);

    static Reach of(Rule rule) {
        return new Reach(
                Set.copyOf(rule.tenants()),
                protocols(rule),
                ports(rule.ports()),
                addresses(rule.sources(), true),
                addresses(rule.sources(), false),
                addresses(rule.destinations(), true),
                addresses(rule.destinations(), false));
    }

    private static BitSet protocols(Rule rule) {
        BitSet protocols = new BitSet(256);
        if (rule.protocols().isEmpty()) {
            protocols.set(0, 256);
        }
        rule.protocols().forEach(protocols::set);
        if (!rule.ports().isEmpty()) {
            for (int number = 0; number < 256; number++) {
                protocols.set(number, protocols.get(number) && Protocol.hasPorts(number));
            }
        }
        for (int number = 0; number < 256; number++) {
            protocols.set(number, protocols.get(number) && rule.terms().content().isOf(number));
        }
        return protocols;
    }

    private static Ranges ports(List<PortRange> ports) {
        List<Range> ranges = new ArrayList<>();
        if (ports.isEmpty()) {
            ranges.add(EVERY_PORT);
        }
        ports.forEach(each -> ranges.add(new Range(0, each.first(), 0, each.last())));
        return Ranges.of(ranges);
    }

    private static Ranges addresses(List<Prefix> prefixes, boolean ipv4) {
        List<Range> ranges = new ArrayList<>();
        if (prefixes.isEmpty()) {
            ranges.add(ipv4 ? EVERY_IPV4 : EVERY_IPV6);
        }
        for (Prefix prefix : prefixes) {
            if (prefix.address().isIpv4() == ipv4) {
                ranges.add(range(prefix));
            }
        }
        return Ranges.of(ranges);
    }

    private static Range range(Prefix prefix) {
        long high = prefix.address().high();
        long low = prefix.address().low();
        int bits = prefix.address().isIpv4() ? 96 + prefix.length() : prefix.length();
        // Those behind the prefix.
        long highRest = bits >= 64 ? 0 : -1L >>> bits;
        long lowRest = bits <= 64 ? -1 : bits == 128 ? 0 : -1L >>> (bits - 64);
        return new Range(high, low, high | highRest, low | lowRest);
    }

    /** Whether no flow is in all of them: a rule from IPv4 to IPv6. */
    boolean isEmpty() {
        return protocols.isEmpty()
                || (!has(sources4, destinations4) && !has(sources6, destinations6));
    }

    /** One of the flows; there must be one. */
    Policy.Question example() {
        boolean ipv4 = has(sources4, destinations4);
        return new Policy.Question(
                tenants.isEmpty() ? "" : tenants.iterator().next(),
                protocols.nextSetBit(0),
                first(ipv4 ? sources4 : sources6),
                first(ipv4 ? destinations4 : destinations6),
                (int) ports.all().getFirst().firstLow());
    }

    private static IpAddress first(Ranges ranges) {
        Range first = ranges.all().getFirst();
        return new IpAddress(first.firstHigh(), first.firstLow());
    }

    private static boolean has(Ranges sources, Ranges destinations) {
        return !sources.isEmpty() && !destinations.isEmpty();
    }

    /** Whether every flow of the other is here. */
    boolean covers(Reach other) {
        return (tenants.isEmpty()
                        || (!other.tenants.isEmpty() && tenants.containsAll(other.tenants)))
                && coversProtocols(other)
                && (!has(other.sources4, other.destinations4)
                        || (sources4.covers(other.sources4)
                                && destinations4.covers(other.destinations4)))
                && (!has(other.sources6, other.destinations6)
                        || (sources6.covers(other.sources6)
                                && destinations6.covers(other.destinations6)));
    }

    /** Whether every TCP flow of the other is here. */
    boolean coversTcp(Reach other) {
        BitSet tcp = new BitSet(256);
        tcp.set(Protocol.TCP.number());
        return covers(other.with(tcp));
    }

    private Reach with(BitSet some) {
        return new Reach(tenants, some, ports, sources4, sources6, destinations4, destinations6);
    }

    /** Whether a TCP flow is in both, each of which has some. */
    boolean meets(Reach other) {
        return (tenants.isEmpty()
                        || other.tenants.isEmpty()
                        || tenants.stream().anyMatch(other.tenants::contains))
                && ports.meets(other.ports)
                && ((sources4.meets(other.sources4) && destinations4.meets(other.destinations4))
                        || (sources6.meets(other.sources6)
                                && destinations6.meets(other.destinations6)));
    }

    private boolean coversProtocols(Reach other) {
        BitSet beyond = (BitSet) other.protocols.clone();
        beyond.andNot(protocols);
        return beyond.isEmpty() && (!other.hasPorts() || ports.covers(other.ports));
    }

    private boolean hasPorts() {
        return protocols.stream().anyMatch(Protocol::hasPorts);
    }
}
