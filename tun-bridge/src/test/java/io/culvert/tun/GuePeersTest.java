package io.culvert.tun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;

class GuePeersTest {
    private static final int MOST = 100;

    /** Against a map, in many random steps; addresses are few, so that all that can happen does. */
    @Test
    void findsWhatWasAddedAndNotRemoved() throws IOException {
        try (NetworkNamespace namespace = NetworkNamespace.anonymous("gue");
                GueSockets sockets =
                        namespace.call(
                                () ->
                                        new GueSockets(
                                                0,
                                                new InetSocketAddress(
                                                        InetAddress.ofLiteral("127.0.0.1"), 0),
                                                0,
                                                false))) {
            SplittableRandom random = new SplittableRandom(1);
            GuePeers<String> peers = new GuePeers<>(MOST, 7);
            Map<Long, GuePeer<String>> expected = new HashMap<>();
            for (int step = 0; step < 100_000; step++) {
                long low = 0xffff_7f00_0000L + random.nextInt(2 * MOST);
                assertSame(expected.get(low), peers.find(0, low));
                assertNull(peers.find(1, low));
                assertEquals(expected.size() == MOST, peers.isFull());
                if (expected.containsKey(low)) {
                    peers.remove(expected.remove(low));
                } else if (!peers.isFull()) {
                    GuePeer<String> peer = new GuePeer<>(null, sockets, "", 0, low, 1);
                    peers.add(peer);
                    expected.put(low, peer);
                }
            }
            assertEquals(expected.size(), peers.size());
            int found = 0;
            for (int slot = 0; slot < peers.slots(); slot++) {
                GuePeer<String> peer = peers.slot(slot);
                if (peer != null) {
                    assertSame(expected.get(peer.low()), peer);
                    found++;
                }
            }
            assertEquals(expected.size(), found);
            assertTrue(found > 0);
            assertFalse(expected.isEmpty());
        }
    }
}
