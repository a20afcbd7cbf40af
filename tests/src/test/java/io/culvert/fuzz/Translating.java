package io.culvert.fuzz;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.nat.Endpoints;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** What has to be true of a packet that was translated, worked out over all of its bytes. */
final class Translating {
    private static final int UDP = 17;
    private static final int UDP_LITE = 136;

    private Translating() {}

    /** The packet's own. */
    static Endpoints endpoints(byte[] packet) {
        return endpoints(PlainPacket.of(packet));
    }

    static Endpoints endpoints(PlainPacket plain) {
        long[] source = address(plain.source());
        long[] destination = address(plain.destination());
        return new Endpoints(
                source[0],
                source[1],
                plain.sourcePort(),
                destination[0],
                destination[1],
                plain.destinationPort());
    }

    /** Others, of the same family; an echo's identifier is both ports. */
    static Endpoints endpoints(ByteBuffer from, byte[] like) {
        boolean ipv6 = like[0] >> 4 == 6;
        long mapped = 0xffffL << 32;
        int port = from.getShort(32) & 0xffff;
        boolean echo = PlainPacket.of(like).isEcho() || PlainPacket.quoted(like).isEcho();
        return new Endpoints(
                ipv6 ? from.getLong(0) : 0,
                ipv6 ? from.getLong(8) : mapped | (from.getInt(12) & 0xffff_ffffL),
                port,
                ipv6 ? from.getLong(16) : 0,
                ipv6 ? from.getLong(24) : mapped | (from.getInt(28) & 0xffff_ffffL),
                echo ? port : from.getShort(34) & 0xffff);
    }

    private static long[] address(byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return bytes.length == 16
                ? new long[] {buffer.getLong(0), buffer.getLong(8)}
                : new long[] {0, 0xffffL << 32 | (buffer.getInt(0) & 0xffff_ffffL)};
    }

    /**
     * Addresses and ports are the new ones; a checksum that covers them is as right or as wrong as
     * before, summed over the whole packet; every other byte is the same.
     */
    static void assertTranslated(byte[] before, byte[] after, Endpoints to, boolean partial) {
        PlainPacket old = PlainPacket.of(before);
        PlainPacket plain = PlainPacket.of(after);
        assertEquals("[]", plain.defects.toString());
        assertTranslated(old, plain, to, partial);
        byte[] tail = Arrays.copyOfRange(before, old.bytes.length, before.length);
        assertArrayEquals(tail, Arrays.copyOfRange(after, old.bytes.length, after.length));
    }

    static void assertTranslated(
            PlainPacket old, PlainPacket plain, Endpoints to, boolean partial) {
        Endpoints expected =
                old.ports < 0
                        ? new Endpoints(
                                to.sourceHigh(),
                                to.sourceLow(),
                                0,
                                to.destinationHigh(),
                                to.destinationLow(),
                                0)
                        : to;
        assertEquals(expected, endpoints(plain));
        int checksum = old.checksumAt();
        if (checksum >= 0) {
            assertChecksum(old, plain, checksum, partial);
        }
        byte[] expectedBytes = old.bytes.clone();
        byte[] bytes = plain.bytes.clone();
        for (byte[] each : new byte[][] {expectedBytes, bytes}) {
            blank(each, old);
            if (checksum >= 0) Arrays.fill(each, checksum, checksum + 2, (byte) 0);
        }
        assertArrayEquals(expectedBytes, bytes);
    }

    private static void assertChecksum(
            PlainPacket old, PlainPacket plain, int at, boolean partial) {
        if (partial) {
            assertTrue(PlainSum.same(partialSum(old, at), partialSum(plain, at)), "partial");
        } else if (isAbsent(old)) {
            assertEquals(0, plain.u16(at), "there is no checksum");
        } else {
            assertTrue(PlainSum.same(sum(old), sum(plain)), "checksum");
            boolean zeroMeansNone = old.protocol == UDP || old.protocol == UDP_LITE;
            assertTrue(!zeroMeansNone || plain.u16(at) != 0, "a checksum is gone");
        }
    }

    /** The field less the addresses, which are what it sums; ICMP's sums none. */
    private static int partialSum(PlainPacket packet, int at) {
        boolean none = packet.version == 4 && packet.isOwnIcmp();
        return none ? packet.u16(at) : PlainSum.add(packet.u16(at), 0xffff - addresses(packet));
    }

    private static void blank(byte[] bytes, PlainPacket like) {
        if (like.version == 4) {
            Arrays.fill(bytes, 10, 20, (byte) 0);
        } else {
            Arrays.fill(bytes, 8, 40, (byte) 0);
        }
        if (like.ports >= 0) {
            Arrays.fill(bytes, like.ports, like.ports + (like.isEcho() ? 2 : 4), (byte) 0);
        }
    }

    private static boolean isAbsent(PlainPacket packet) {
        boolean udp = packet.protocol == UDP || packet.protocol == UDP_LITE;
        return udp && packet.u16(packet.transport + 6) == 0;
    }

    private static int addresses(PlainPacket packet) {
        return packet.version == 4
                ? PlainSum.of(packet.bytes, 12, 20)
                : PlainSum.of(packet.bytes, 8, 40);
    }

    /** What stays the same where the checksum is brought along; ICMP has no pseudo-header. */
    private static int sum(PlainPacket packet) {
        int sum = PlainSum.of(packet.bytes, packet.transport, packet.bytes.length);
        return packet.version == 4 && packet.isOwnIcmp()
                ? sum
                : PlainSum.add(sum, addresses(packet));
    }

    /** With every checksum of zero written in one of its two forms. */
    static byte[] withoutZeros(byte[] packet, boolean partial) {
        return withoutZeros(PlainPacket.of(packet), packet, partial);
    }

    static byte[] withoutZeros(PlainPacket plain, byte[] packet, boolean partial) {
        byte[] bytes = packet.clone();
        int checksum = plain.checksumAt();
        if (checksum >= 0 && (partial || !isAbsent(plain))) one(bytes, checksum);
        if (plain.version == 4) one(bytes, 10);
        return bytes;
    }

    private static void one(byte[] bytes, int at) {
        if (bytes[at] == 0 && bytes[at + 1] == 0) Arrays.fill(bytes, at, at + 2, (byte) 0xff);
    }
}
