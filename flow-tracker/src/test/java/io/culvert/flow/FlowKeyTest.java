package io.culvert.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Test;

import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

class FlowKeyTest {
    private static final IpAddress CLIENT = IpAddress.parse("10.50.0.2");
    private static final IpAddress SERVER = IpAddress.parse("203.0.113.7");
    private static final IpAddress CLIENT_6 = IpAddress.parse("2001:db8::2");
    private static final IpAddress SERVER_6 = IpAddress.parse("2001:db8:ffff::7");

    private static FlowKey key(
            int tenant, int protocol, IpAddress source, int from, IpAddress destination, int to) {
        return new FlowKey()
                .set(
                        tenant,
                        protocol,
                        source.high(),
                        source.low(),
                        from,
                        destination.high(),
                        destination.low(),
                        to);
    }

    @Test
    void equalsAKeyOfTheSameFields() {
        FlowKey key = key(1, IpProtocol.TCP, CLIENT, 40_000, SERVER, 443);
        FlowKey same = key(1, IpProtocol.TCP, CLIENT, 40_000, SERVER, 443);

        assertEquals(key, same);
        assertEquals(key.hashCode(), same.hashCode());
    }

    @Test
    void ofAConnectionEqualsNoneButThatOfTheSameNumber() {
        FlowKey packets = key(1, IpProtocol.TCP, CLIENT, 40_000, SERVER, 443);
        FlowKey first = key(1, IpProtocol.TCP, CLIENT, 40_000, SERVER, 443).connection(1);
        FlowKey second = key(1, IpProtocol.TCP, CLIENT, 40_000, SERVER, 443).connection(2);

        assertEquals(3, new HashSet<>(List.of(packets, first, second)).size());
        assertEquals(first, first.copy());
        assertEquals(first.hashCode(), first.copy().hashCode());
        assertEquals(1, first.copy().connection());
        // A packet's is none, whatever was looked up by the key before.
        assertEquals(packets, first.reverse().reverse());
    }

    @Test
    void differsWhereAnyOneFieldDiffers() {
        FlowKey key = key(1, IpProtocol.TCP, CLIENT_6, 40_000, SERVER_6, 443);
        IpAddress otherHigh = new IpAddress(CLIENT_6.high() ^ 1, CLIENT_6.low());
        IpAddress otherLow = new IpAddress(CLIENT_6.high(), CLIENT_6.low() ^ 1);
        IpAddress otherServerHigh = new IpAddress(SERVER_6.high() ^ 1, SERVER_6.low());
        IpAddress otherServerLow = new IpAddress(SERVER_6.high(), SERVER_6.low() ^ 1);

        for (FlowKey other :
                List.of(
                        key(2, IpProtocol.TCP, CLIENT_6, 40_000, SERVER_6, 443),
                        key(1, IpProtocol.UDP, CLIENT_6, 40_000, SERVER_6, 443),
                        key(1, IpProtocol.TCP, otherHigh, 40_000, SERVER_6, 443),
                        key(1, IpProtocol.TCP, otherLow, 40_000, SERVER_6, 443),
                        key(1, IpProtocol.TCP, CLIENT_6, 40_001, SERVER_6, 443),
                        key(1, IpProtocol.TCP, CLIENT_6, 40_000, otherServerHigh, 443),
                        key(1, IpProtocol.TCP, CLIENT_6, 40_000, otherServerLow, 443),
                        key(1, IpProtocol.TCP, CLIENT_6, 40_000, SERVER_6, 444),
                        key(1, IpProtocol.TCP, SERVER_6, 443, CLIENT_6, 40_000))) {
            assertNotEquals(key, other);
            assertNotEquals(key.hashCode(), other.hashCode(), "one in 2^32 may do so by chance");
        }
    }

    @Test
    void isNoOtherThing() {
        assertFalse(key(1, 6, CLIENT, 1, SERVER, 2).equals((Object) "tcp"));
    }

    @Test
    void keepsTenantsWithTheSameAddressesApart() {
        Set<FlowKey> keys = new HashSet<>();
        for (int tenant = 0; tenant < 1_000; tenant++) {
            keys.add(key(tenant, IpProtocol.UDP, CLIENT, 5_000, SERVER, 53));
        }

        assertEquals(1_000, keys.size());
    }

    @Test
    void tellsEveryFieldAsItWasSet() {
        FlowKey key = key(7, IpProtocol.UDP, CLIENT_6, 65_535, SERVER_6, 32_768);

        assertEquals(7, key.tenant());
        assertEquals(IpProtocol.UDP, key.protocol());
        assertEquals(CLIENT_6, new IpAddress(key.sourceHigh(), key.sourceLow()));
        assertEquals(65_535, key.sourcePort());
        assertEquals(SERVER_6, new IpAddress(key.destinationHigh(), key.destinationLow()));
        assertEquals(32_768, key.destinationPort());
    }

    @Test
    void knowsItsFamily() {
        assertFalse(key(1, IpProtocol.TCP, CLIENT, 1, SERVER, 2).isIpv6());
        assertTrue(key(1, IpProtocol.TCP, CLIENT_6, 1, SERVER_6, 2).isIpv6());
    }

    @Test
    void copiesToAKeyThatLaterSettingsLeaveAlone() {
        FlowKey scratch = key(1, IpProtocol.TCP, CLIENT, 40_000, SERVER, 443);
        FlowKey copy = scratch.copy();

        scratch.set(2, IpProtocol.UDP, 0, 0, 0, 0, 0, 0);

        assertNotSame(scratch, copy);
        assertEquals(key(1, IpProtocol.TCP, CLIENT, 40_000, SERVER, 443), copy);
        assertEquals(
                key(1, IpProtocol.TCP, CLIENT, 40_000, SERVER, 443).hashCode(), copy.hashCode());
    }

    @Test
    void spreadsNeighbouringTuplesOverABucketsTable() {
        int buckets = 1 << 16;
        BitSet taken = new BitSet(buckets);
        Set<Integer> hashes = new HashSet<>();
        for (int i = 0; i < buckets; i++) {
            IpAddress source = IpAddress.ofIpv4(0x0a00_0000 + (i >>> 8));
            int hash = key(1, IpProtocol.TCP, source, 1_024 + (i & 0xff), SERVER, 443).hashCode();
            hashes.add(hash);
            taken.set((hash ^ hash >>> 16) & buckets - 1);
        }

        // As many balls as buckets leave 1/e of the buckets empty; six sigmas are 0.7 percent.
        double share = taken.cardinality() / (double) buckets;
        assertEquals(1 - 1 / Math.E, share, 0.007);
        assertTrue(hashes.size() > buckets - 10, "hashes that differ: " + hashes.size());
    }

    @Test
    void readsAsItsSides() {
        assertEquals(
                "tcp 10.50.0.2:40000 -> 203.0.113.7:443",
                key(1, IpProtocol.TCP, CLIENT, 40_000, SERVER, 443).toString());
        assertEquals(
                "udp [2001:db8::2]:5000 -> [2001:db8:ffff::7]:53",
                key(1, IpProtocol.UDP, CLIENT_6, 5_000, SERVER_6, 53).toString());
        assertEquals(
                "gre 10.50.0.2 -> 203.0.113.7",
                key(1, IpProtocol.GRE, CLIENT, 0, SERVER, 0).toString());
    }
}
