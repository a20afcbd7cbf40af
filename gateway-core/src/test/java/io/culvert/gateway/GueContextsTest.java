package io.culvert.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;

import io.culvert.flow.Tenant;
import io.culvert.gateway.config.OnRamp;
import io.culvert.gateway.policy.AddressSet;
import io.culvert.hook.TunnelInfo;
import io.culvert.wire.Prefix;

import org.junit.jupiter.api.Test;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

class GueContextsTest {
    private static final int WARM_UP = 200_000;
    private static final int LOOK_UPS = 400_000;

    private final GueSource one = source("192.0.2.1");
    private final GueSource other = source("192.0.2.2");
    private final GueContexts contexts = new GueContexts(64, 7);

    private static GueSource source(String from) {
        return new GueSource.Table(
                        List.of(
                                new OnRamp.Gue.Peer(
                                        Prefix.parse(from),
                                        Optional.empty(),
                                        List.of(),
                                        6_080,
                                        1_500)))
                .all()
                .getFirst();
    }

    private static GueTunnel tunnel(String name) {
        return new GueTunnel(
                name,
                new Tenant(1, "acme"),
                new AddressSet(List.of()),
                new TunnelInfo("magic", "", Map.of()),
                null,
                new byte[0],
                1_500,
                List.of());
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** In the middle of a packet. */
    private GueTunnel find(GueSource source, String text) {
        byte[] bytes = bytes(text);
        ByteBuffer packet = ByteBuffer.allocate(bytes.length + 20).put(7, bytes);
        return contexts.find(source, packet, 7, bytes.length);
    }

    @Test
    void findsTheTunnelOfATextAndASource() {
        GueTunnel tunnel = tunnel("a");
        contexts.add(one, bytes("tenant=a"), tunnel);

        assertSame(tunnel, find(one, "tenant=a"));
        assertNull(find(one, "tenant=b"));
        assertNull(find(one, "tenant=a\0"));
        assertNull(find(one, ""));
        assertNull(find(other, "tenant=a"));
    }

    @Test
    void findsNoTunnelThatHasEnded() {
        GueTunnel before = tunnel("before");
        contexts.add(one, bytes("tenant=a"), before);
        before.end();
        assertNull(find(one, "tenant=a"));

        GueTunnel after = tunnel("after");
        contexts.add(one, bytes("tenant=a"), after);
        assertSame(after, find(one, "tenant=a"));
    }

    @Test
    void keepsItsOwnCopyOfTheText() {
        GueTunnel tunnel = tunnel("a");
        byte[] text = bytes("tenant=a");
        contexts.add(one, text, tunnel);
        text[7] = 'b';

        assertSame(tunnel, find(one, "tenant=a"));
    }

    /** Every packet is looked up. */
    @Test
    void allocatesNothingWhereATextIsKnown() {
        byte[] text = bytes("tenant=acme\nid=laptop-7");
        ByteBuffer packet = ByteBuffer.allocateDirect(100).put(7, text);
        contexts.add(one, text, tunnel("a"));
        int found = 0;
        for (int i = 0; i < WARM_UP; i++) {
            found += contexts.find(one, packet, 7, text.length) == null ? 0 : 1;
        }
        ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = thread.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < LOOK_UPS; i++) {
            found += contexts.find(one, packet, 7, text.length) == null ? 0 : 1;
        }
        long allocated = thread.getCurrentThreadAllocatedBytes() - before;
        assertEquals(WARM_UP + LOOK_UPS, found);
        // For what a compiler at the side may take.
        assertTrue(allocated <= LOOK_UPS / 10, () -> allocated + " bytes were allocated");
    }

    /** Forgetting is allowed, a wrong answer never. */
    @Test
    void answersRightOrNotAtAllHoweverManyThereAre() {
        SplittableRandom random = new SplittableRandom(1);
        Map<String, GueTunnel> all = new HashMap<>();
        int found = 0;
        for (int i = 0; i < 10_000; i++) {
            String text = "tenant=" + random.nextInt(1_000);
            GueTunnel tunnel = all.computeIfAbsent(text, GueContextsTest::tunnel);
            GueTunnel known = find(one, text);
            if (known == null) {
                contexts.add(one, bytes(text), tunnel);
            } else {
                assertSame(tunnel, known);
                found++;
            }
        }
        assertEquals(1_000, all.size());
        assertTrue(found > 0);
        contexts.clear();
        all.keySet().forEach(text -> assertNull(find(one, text)));
    }
}
