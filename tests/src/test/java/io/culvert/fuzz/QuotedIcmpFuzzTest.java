package io.culvert.fuzz;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.culvert.nat.Endpoints;
import io.culvert.nat.IcmpErrorTranslation;
import io.culvert.wire.Defect;
import io.culvert.wire.IpPacket;

import org.junit.jupiter.params.provider.MethodSource;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.stream.Stream;

/**
 * Any bytes quoted by an ICMP error, read, translated and translated back. The first {@value #HEAD}
 * bytes are the endpoints, what follows is the quote.
 */
class QuotedIcmpFuzzTest {
    private static final int HEAD = 36;
    private static final int ICMP = 1;
    private static final int ICMPV6 = 58;
    private static final int ERROR = 8;

    private final Agreement agreement = new Agreement();

    static Stream<byte[]> seeds() {
        byte[] head =
                Seeds.hex(
                        "fd000005000000000000000000000001 fd000006000000000000000000000002",
                        "4e21 0050");
        Stream<byte[]> cut =
                Stream.of(28, 36, 48, 64, 200)
                        .flatMap(
                                length ->
                                        Seeds.packets(each -> !each.isIn("fragments"))
                                                .limit(40)
                                                .map(each -> Seeds.atMost(length, each)));
        return cut.map(each -> Seeds.behind(head, each));
    }

    @MethodSource("seeds")
    @FuzzTest
    void readsAndTranslatesWhatIsQuoted(byte[] bytes) {
        if (bytes.length < HEAD) return;
        byte[] quote = Arrays.copyOfRange(bytes, HEAD, Math.min(bytes.length, HEAD + 1_232));
        agreement.onQuoted(quote);
        quote = Seeds.mended(quote);
        if (!agreement.onQuoted(quote)) return;

        PlainPacket plain = PlainPacket.quoted(quote);
        Endpoints from = Translating.endpoints(plain);
        Endpoints to = Translating.endpoints(ByteBuffer.wrap(bytes), quote);
        byte[] error = error(quote);
        Guarded guarded = new Guarded(error, 0xa5);
        translate(guarded, to);
        byte[] there = guarded.bytes();
        assertRight(there, to);
        Translating.assertTranslated(plain, quoted(there), to, false);

        translate(guarded, from);
        guarded.assertUntouchedAround();
        byte[] back = guarded.bytes();
        assertRight(back, from);
        int at = error.length - quote.length;
        assertArrayEquals(
                Translating.withoutZeros(plain, quote, false),
                Translating.withoutZeros(plain, Arrays.copyOfRange(back, at, back.length), false));
    }

    private static byte[] error(byte[] quote) {
        boolean ipv6 = quote[0] >> 4 == 6;
        byte[] message = new byte[ERROR + quote.length];
        System.arraycopy(quote, 0, message, ERROR, quote.length);
        message[0] = (byte) (ipv6 ? 1 : 3);
        byte[] packet = Segments.of(ipv6, ipv6 ? ICMPV6 : ICMP, message);
        PlainPacket plain = PlainPacket.of(packet);
        int sum =
                ipv6 ? plain.transportSum(message.length) : PlainSum.of(message, 0, message.length);
        return ByteBuffer.wrap(packet).putShort(plain.transport + 2, (short) ~sum).array();
    }

    /** The error goes to who sent the packet that it quotes. */
    private static void translate(Guarded guarded, Endpoints inner) {
        IpPacket error = new IpPacket();
        IpPacket quoted = new IpPacket();
        assertEquals(Defect.NONE, error.wrap(guarded.buffer, Guarded.START, guarded.length));
        int at = error.icmp().payloadOffset();
        assertEquals(
                Defect.NONE, quoted.wrapQuoted(guarded.buffer, at, error.icmp().payloadLength()));
        IcmpErrorTranslation.apply(error, quoted, inner.reversed(), inner);
    }

    private static void assertRight(byte[] error, Endpoints inner) {
        PlainPacket plain = PlainPacket.of(error);
        assertEquals("[]", plain.defects.toString());
        assertTrue(plain.transportChecksumRight(), "the error's checksum");
        Endpoints outer = Translating.endpoints(plain);
        assertEquals(inner.destinationHigh(), outer.sourceHigh());
        assertEquals(inner.destinationLow(), outer.sourceLow());
        assertEquals(inner.sourceHigh(), outer.destinationHigh());
        assertEquals(inner.sourceLow(), outer.destinationLow());
    }

    private static PlainPacket quoted(byte[] error) {
        int header = error[0] >> 4 == 6 ? 40 : 20;
        return PlainPacket.quoted(Arrays.copyOfRange(error, header + ERROR, error.length));
    }
}
