package io.culvert.tun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

class GrePeersTest {
    private static final long NO_KEY = GreFields.NO_KEY;

    @Test
    void tellsPeersOfOneAddressApartByTheKey() {
        GrePeers peers = peers(peer("10.0.0.1", 32, NO_KEY), peer("10.0.0.1", 32, 42));
        assertEquals(0, find(peers, "10.0.0.1", NO_KEY));
        assertEquals(1, find(peers, "10.0.0.1", 42));
        assertEquals(GrePeers.NONE, find(peers, "10.0.0.1", 0));
        assertEquals(GrePeers.NONE, find(peers, "10.0.0.2", 42));
    }

    @Test
    void takesTheLongestPrefixThatHasTheKey() {
        GrePeers peers =
                peers(
                        peer("0.0.0.0", 0, NO_KEY),
                        peer("10.0.0.0", 8, NO_KEY),
                        peer("10.0.0.1", 32, 7),
                        peer("10.0.0.0", 24, NO_KEY));
        assertEquals(3, find(peers, "10.0.0.1", NO_KEY));
        assertEquals(2, find(peers, "10.0.0.1", 7));
        assertEquals(1, find(peers, "10.9.0.1", NO_KEY));
        assertEquals(0, find(peers, "192.0.2.1", NO_KEY));
        assertEquals(GrePeers.NONE, find(peers, "10.9.0.1", 7));
    }

    @Test
    void keepsTheFamiliesApart() {
        GrePeers peers = peers(peer("2001:db8::", 32, NO_KEY), peer("::", 0, 1));
        assertEquals(0, find(peers, "2001:db8:1::9", NO_KEY));
        assertEquals(1, find(peers, "2001:db9::", 1));
        assertEquals(GrePeers.NONE, find(peers, "10.0.0.1", NO_KEY));
        GrePeers ipv4 = peers(peer("0.0.0.0", 0, NO_KEY));
        assertEquals(0, find(ipv4, "10.0.0.1", NO_KEY));
        assertEquals(GrePeers.NONE, find(ipv4, "2001:db8::1", NO_KEY));
    }

    @Test
    void knowsAddressesWhateverTheKey() {
        GrePeers peers = peers(peer("10.0.0.1", 32, 42), peer("10.0.0.1", 32, 43));
        assertTrue(peers.knows(0, low("10.0.0.1")));
        assertFalse(peers.knows(0, low("10.0.0.2")));
        assertFalse(peers.knows(1, low("10.0.0.1")));
    }

    @Test
    void refusesTwoPeersThatNobodyCouldTellApart() {
        assertThrows(
                IllegalArgumentException.class,
                () -> peers(peer("10.0.0.1", 32, 42), peer("10.0.0.1", 32, 42)));
        assertEquals(GrePeers.NONE, find(peers(), "10.0.0.1", NO_KEY));
    }

    /** Against a search through all of them; addresses and lengths are few, so that all happens. */
    @Test
    void findsWhatASearchFinds() throws UnknownHostException {
        SplittableRandom random = new SplittableRandom(1);
        for (int round = 0; round < 200; round++) {
            List<GreSettings.Peer> all = new ArrayList<>();
            Set<String> known = new HashSet<>();
            for (int i = 0; i < 40; i++) {
                int length = 24 + random.nextInt(9);
                int address = 0x0a00_0000 | (random.nextInt(64) & (-1 << (32 - length)));
                long key = random.nextLong(-1, 2);
                if (known.add(address + " " + length + " " + key)) {
                    all.add(
                            new GreSettings.Peer(
                                    inet(address),
                                    length,
                                    GreFields.NONE.withKey(key),
                                    GreSettings.Peer.OF_THE_PATH));
                }
            }
            GrePeers peers = new GrePeers(all, random.nextLong());
            for (int address = 0x0a00_0000; address < 0x0a00_0140; address++) {
                for (long key = NO_KEY; key < 3; key++) {
                    long low = 0xffff_0000_0000L | Integer.toUnsignedLong(address);
                    assertEquals(search(all, address, key), peers.find(0, low, key));
                }
            }
        }
    }

    private static int search(List<GreSettings.Peer> all, int address, long key) {
        int best = GrePeers.NONE;
        for (int i = 0; i < all.size(); i++) {
            GreSettings.Peer peer = all.get(i);
            int first = ByteBuffer.wrap(peer.from().getAddress()).getInt();
            boolean inside = (address ^ first) >>> (32 - peer.length()) == 0;
            if (peer.length() == 32) {
                inside = address == first;
            }
            if (inside
                    && peer.fields().key() == key
                    && (best == GrePeers.NONE || all.get(best).length() < peer.length())) {
                best = i;
            }
        }
        return best;
    }

    private static InetAddress inet(int address) throws UnknownHostException {
        return InetAddress.getByAddress(ByteBuffer.allocate(4).putInt(address).array());
    }

    private static GreSettings.Peer peer(String from, int length, long key) {
        return new GreSettings.Peer(
                InetAddress.ofLiteral(from),
                length,
                GreFields.NONE.withKey(key),
                GreSettings.Peer.OF_THE_PATH);
    }

    private static GrePeers peers(GreSettings.Peer... peers) {
        return new GrePeers(List.of(peers), 7);
    }

    private static int find(GrePeers peers, String address, long key) {
        InetAddress inet = InetAddress.ofLiteral(address);
        return peers.find(OuterAddress.high(inet), OuterAddress.low(inet), key);
    }

    private static long low(String address) {
        return OuterAddress.low(InetAddress.ofLiteral(address));
    }
}
