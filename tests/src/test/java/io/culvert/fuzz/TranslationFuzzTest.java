package io.culvert.fuzz;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.culvert.nat.Endpoints;
import io.culvert.nat.Translation;
import io.culvert.wire.Defect;
import io.culvert.wire.IpPacket;

import org.junit.jupiter.params.provider.MethodSource;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.stream.Stream;

/**
 * Any packet to any endpoints and back. The first {@value #HEAD} bytes are the endpoints, what
 * follows is the packet.
 */
class TranslationFuzzTest {
    private static final int HEAD = 36;
    private static final int TCP = 6;

    static Stream<byte[]> seeds() {
        byte[] ordinary =
                Seeds.hex(
                        "fd000005000000000000000000000001 fd000006000000000000000000000002",
                        "4e21 0050");
        // Addresses and ports whose sums are zero, and all ones.
        byte[] ones = new byte[HEAD];
        Arrays.fill(ones, (byte) 0xff);
        return Stream.concat(
                Seeds.packets(each -> !each.isIn("malformed")).map(each -> behind(ordinary, each)),
                Stream.of(new byte[HEAD], ones)
                        .flatMap(
                                head ->
                                        Seeds.packets(each -> each.shape().contains("udp"))
                                                .limit(10)
                                                .map(each -> behind(head, each))));
    }

    private static byte[] behind(byte[] head, byte[] packet) {
        return Seeds.behind(head, packet);
    }

    @MethodSource("seeds")
    @FuzzTest
    void translatesForwardAndBackToTheSame(byte[] bytes) {
        if (bytes.length < HEAD) return;
        byte[] packet = Seeds.mended(Arrays.copyOfRange(bytes, HEAD, bytes.length));
        if (isTranslatable(packet)) {
            Endpoints from = Translating.endpoints(packet);
            Endpoints to = Translating.endpoints(ByteBuffer.wrap(bytes), packet);
            thereAndBack(packet, from, to, false);
            thereAndBack(packet, from, to, true);
        }
    }

    /** Whole, or a fragment, but not the first one of a TCP header that goes on in the second. */
    private static boolean isTranslatable(byte[] packet) {
        IpPacket view = new IpPacket();
        return view.wrap(ByteBuffer.wrap(packet), 0, packet.length) == Defect.NONE
                && !(view.isFirstFragment() && view.protocol() == TCP && view.tcp() == null);
    }

    private static void thereAndBack(byte[] packet, Endpoints from, Endpoints to, boolean partial) {
        Guarded guarded = new Guarded(packet, 0xa5);
        IpPacket view = new IpPacket();
        view.wrap(guarded.buffer, Guarded.START, packet.length);
        new Translation(from, to).apply(view, partial);
        byte[] there = guarded.bytes();
        Translating.assertTranslated(packet, there, to, partial);

        assertEquals(Defect.NONE, view.wrap(guarded.buffer, Guarded.START, packet.length));
        new Translation(to, from).apply(view, partial);
        guarded.assertUntouchedAround();
        assertArrayEquals(
                Translating.withoutZeros(packet, partial),
                Translating.withoutZeros(guarded.bytes(), partial));
    }
}
