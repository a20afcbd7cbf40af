package io.culvert.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.ByteBuffer;

/** What {@link IpPacket} shows of fragments, and which it refuses. */
class IpFragmentTest {
    private static final String ADDRESSES = "0a000001 c0000202";
    private static final String SYN = "c001 01bb 00000001 00000000 5002 8000 0000 0000 00000000";
    private static final String UDP = "c001 0035 05dc 1234";

    private final IpPacket packet = new IpPacket();

    @Test
    void showsThePortsOfTheFirst() {
        for (ByteBuffer bytes :
                new ByteBuffer[] {four("2000", 17, UDP), six("1100000112345678", UDP)}) {
            assertEquals(Defect.NONE, packet.wrap(bytes, 0, bytes.limit()));
            assertTrue(packet.isFragment());
            assertTrue(packet.isFirstFragment());
            assertTrue(packet.moreFragments());
            assertEquals(0, packet.fragmentOffset());
            assertEquals(0xc001, packet.sourcePort());
            assertEquals(53, packet.destinationPort());
            assertEquals(1500, packet.udp().length());
        }
        assertEquals(0x12345678, packet.fragmentIdentification());
    }

    @Test
    void showsNothingOfTheTransportInTheOthers() {
        for (ByteBuffer bytes :
                new ByteBuffer[] {four("2002", 17, UDP), six("1100001112345678", UDP)}) {
            assertEquals(Defect.NONE, packet.wrap(bytes, 0, bytes.limit()));
            assertTrue(packet.isFragment());
            assertFalse(packet.isFirstFragment());
            assertEquals(16, packet.fragmentOffset());
            assertEquals(17, packet.protocol());
            assertEquals(8, packet.transportLength());
            assertEquals(0, packet.sourcePort());
            assertNull(packet.udp());
        }
    }

    @Test
    @Tag("rfc8200-4.5-h")
    void takesAPacketWithAnAtomicFragmentHeaderForWhole() {
        ByteBuffer bytes = six("1100000012345678", "c001 0035 0008 1234");

        assertEquals(Defect.NONE, packet.wrap(bytes, 0, bytes.limit()));
        assertFalse(packet.isFragment());
        assertEquals(53, packet.destinationPort());
        assertEquals(0x12345678, packet.fragmentIdentification());
        assertEquals(Defect.UDP_LENGTH, packet.wrap(bytes.putShort(52, (short) 9), 0, 56));
    }

    @Test
    void showsPortsButNoViewOfATcpHeaderCutBehindItsFlags() {
        ByteBuffer cut = four("2000", 6, Hex.of(SYN).substring(0, 32));
        ByteBuffer whole = four("2000", 6, SYN);

        assertEquals(Defect.NONE, packet.wrap(cut, 0, 36));
        assertEquals(443, packet.destinationPort());
        assertNull(packet.tcp());
        assertEquals(Defect.NONE, packet.wrap(whole, 0, 44));
        assertNotNull(packet.tcp());
    }

    /** Flags and offset of IPv4, protocol, data. */
    @ParameterizedTest
    @CsvSource({
        "FRAGMENT_NOT_MULTIPLE_OF_8, 2000, 17, c001 0035 05dc 1234 00",
        "FRAGMENT_NOT_MULTIPLE_OF_8, 2002, 17, 00",
        "NONE, 0002, 17, 00",
        "NONE, 1ffb, 17, 0000000000000000 0000000000000000 000000",
        "FRAGMENT_BEYOND_65535, 1ffb, 17, 0000000000000000 0000000000000000 00000000",
        "FRAGMENT_BEYOND_65535, 1fff, 17, 00",
        "FRAGMENT_TINY, 2000, 17, ''",
        "FRAGMENT_TINY, 0002, 17, ''",
        "FRAGMENT_TINY, 2000, 6, c001 01bb 00000001",
        "FRAGMENT_TINY, 0001, 6, 00000000 5002 8000",
        "NONE, 0002, 6, 00000000 5002 8000",
        "NONE, 2000, 50, c001 01bb 00000001",
        "TCP_DATA_OFFSET, 2000, 6, c001 01bb 00000001 00000000 4002 8000 0000 0000 00000000",
    })
    void namesTheDefectInIpv4(Defect defect, String fragment, int protocol, String data) {
        ByteBuffer bytes = four(fragment, protocol, data);

        assertEquals(defect, packet.wrap(bytes, 0, bytes.limit()));
    }

    /** Fragment header, what follows. */
    @ParameterizedTest
    @CsvSource({
        "FRAGMENT_NOT_MULTIPLE_OF_8, 1100000100000001, c001 0035 05dc 1234 00",
        "FRAGMENT_NOT_MULTIPLE_OF_8, 1100001100000001, 00",
        "NONE, 1100001000000001, 00",
        "NONE, 1100fff800000001, 00000000000000",
        "FRAGMENT_BEYOND_65535, 1100fff800000001, 0000000000000000",
        "FRAGMENT_TINY, 1100000100000001, ''",
        "FRAGMENT_TINY, 0600000100000001, c001 01bb 00000001 00000000 5002 8000",
        "FRAGMENT_TINY, 0600000800000001, 00000000 5002 8000",
        "FRAGMENT_TINY, 3c00000100000001, 1101010400000000",
        "FRAGMENT_TINY, 3c00000100000001, 1100010400000000",
        "FRAGMENT_TINY, 3a00000100000001, ''",
        "UDP6_CHECKSUM_ZERO, 1100000100000001, c001 0035 05dc 0000",
        "NONE, 3c00000100000001, 1100010400000000 c001 0035 05dc 1234",
    })
    @Tag("rfc8200-4.5-k")
    @Tag("rfc8200-4.5-m")
    @Tag("rfc8200-4.5-o")
    void namesTheDefectInIpv6(Defect defect, String fragmentHeader, String data) {
        ByteBuffer bytes = six(fragmentHeader, data);

        assertEquals(defect, packet.wrap(bytes, 0, bytes.limit()));
    }

    private static ByteBuffer four(String fragment, int protocol, String data) {
        return Packets.v4(fragment, protocol, ADDRESSES, data);
    }

    private static ByteBuffer six(String fragmentHeader, String data) {
        return Packets.v6(44, fragmentHeader + data);
    }
}
