package io.culvert.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.corpus.Reading;
import io.culvert.wire.Defect;
import io.culvert.wire.IpPacket;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** What the packet view reads in any bytes, against the plain reading of the same. */
final class Agreement {
    private final Reading reading = new Reading();
    private final IpPacket packet = new IpPacket();

    /**
     * Compares the two, and that nothing around the bytes matters.
     *
     * @return whether the bytes are a packet without defect, which {@link #packet} then shows
     */
    boolean on(byte[] bytes) {
        ByteBuffer alone = ByteBuffer.wrap(bytes);
        String text = reading.of(alone, 0, bytes.length);
        for (int guard : new int[] {0, 0xff}) {
            Guarded guarded = new Guarded(bytes, guard);
            assertEquals(text, reading.of(guarded.buffer, Guarded.START, bytes.length));
            guarded.assertUntouchedAround();
        }
        PlainPacket plain = PlainPacket.of(bytes);
        Defect defect = packet.wrap(alone, 0, bytes.length);
        if (defect != Defect.NONE) {
            assertTrue(plain.defects.contains(defect), defect + " not " + plain.defects);
            return false;
        }
        assertEquals("[]", plain.defects.toString());
        assertEquals(plain.bytes.length, packet.length(), "length");
        assertEquals(plain.fragmentOffset, packet.fragmentOffset(), "fragment offset");
        assertEquals(plain.more, packet.moreFragments(), "more fragments");
        assertEquals(plain.identification, packet.fragmentIdentification(), "identification");
        if (plain.isFragment()) assertEquals(plain.data(), packet.fragmentDataOffset(), "data");
        assertEquals(plain.transportChecksumRight(), packet.transportChecksumValid(), "checksum");
        same(plain, packet);
        return true;
    }

    /** The same for bytes that an ICMP error quotes. */
    boolean onQuoted(byte[] bytes) {
        PlainPacket plain = PlainPacket.quoted(bytes);
        Defect alone = packet.wrapQuoted(ByteBuffer.wrap(bytes), 0, bytes.length);
        for (int guard : new int[] {0, 0xff}) {
            Guarded guarded = new Guarded(bytes, guard);
            assertEquals(alone, packet.wrapQuoted(guarded.buffer, Guarded.START, bytes.length));
            guarded.assertUntouchedAround();
        }
        packet.wrapQuoted(ByteBuffer.wrap(bytes), 0, bytes.length);
        if (alone != Defect.NONE) {
            assertTrue(plain.defects.contains(alone), alone + " not " + plain.defects);
            return false;
        }
        assertEquals("[]", plain.defects.toString());
        assertEquals(plain.bytes.length, packet.length(), "length");
        assertEquals(plain.fragmentOffset, packet.fragmentOffset(), "fragment offset");
        same(plain, packet);
        return true;
    }

    IpPacket packet() {
        return packet;
    }

    private static void same(PlainPacket plain, IpPacket packet) {
        assertEquals(plain.version, packet.version());
        assertEquals(plain.protocol, packet.protocol(), "protocol");
        assertEquals(plain.transport, packet.transportOffset() - packet.start(), "transport");
        assertEquals(plain.transportLength(), packet.transportLength(), "transport length");
        assertEquals(plain.sourcePort(), packet.sourcePort(), "source port");
        assertEquals(plain.destinationPort(), packet.destinationPort(), "destination port");
        assertEquals(plain.u8(plain.version == 4 ? 8 : 7), packet.timeToLive(), "time to live");
        int trafficClass = plain.version == 4 ? plain.u8(1) : plain.u16(0) >>> 4 & 0xff;
        assertEquals(trafficClass, packet.trafficClass(), "traffic class");
        address(plain.source(), packet.sourceHigh(), packet.sourceLow());
        address(plain.destination(), packet.destinationHigh(), packet.destinationLow());
    }

    private static void address(byte[] expected, long high, long low) {
        byte[] sixteen = ByteBuffer.allocate(16).putLong(high).putLong(low).array();
        byte[] actual = expected.length == 16 ? sixteen : Arrays.copyOfRange(sixteen, 12, 16);
        assertTrue(Arrays.equals(expected, actual), "an address");
        if (expected.length == 4) {
            assertEquals(0, high);
            assertEquals(0xffff, low >>> 32);
        }
    }
}
