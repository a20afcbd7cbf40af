package io.culvert.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.ByteBuffer;

class TcpAnswerTest {
    private static final int AT = 3;

    private final ByteBuffer into = ByteBuffer.allocate(80);

    @Test
    void acknowledgesASyn() {
        IpPacket syn =
                Packets.wrapped(Packets.v4(6, "c001 01bb 00000001 00000000 5002 8000 0000 0000"));

        assertEquals(40, TcpAnswer.reset(syn, into, AT));
        assertEquals(
                Hex.of("45000028 00004000 40066ecd c0000202 0a000001")
                        + Hex.of("01bb c001 00000000 00000002 5014 0000 220f 0000"),
                Hex.of(into, AT, 40));
    }

    @Test
    void takesItsSequenceNumberFromAnAcknowledgment() {
        IpPacket ack =
                Packets.wrapped(
                        Packets.v6(6, "c001 01bb 00000001 00000002 5010 8000 0000 0000 616263"));

        assertEquals(60, TcpAnswer.reset(ack, into, AT));
        String swapped = "20010db8000000000000000000000002 20010db8000000000000000000000001";
        assertEquals(
                Hex.of("60000000 0014 06 40", swapped)
                        + Hex.of("01bb c001 00000002 00000000 5004 0000 92ad 0000"),
                Hex.of(into, AT, 60));
    }

    /** Flags and data of a segment with sequence number ffffffff; sequence, acknowledgment. */
    @ParameterizedTest
    @CsvSource({
        "02, '', 00000000, 00000000",
        "02, 61, 00000000, 00000001",
        "03, 6162, 00000000, 00000003",
        "00, '', 00000000, ffffffff",
        "01, '', 00000000, 00000000",
        "11, 6162, 00000007, 00000000",
        "12, '', 00000007, 00000000",
    })
    void countsWhatTheSegmentTakesOfSequenceSpace(
            String flags, String data, String sequence, String acknowledgment) {
        String segment = "c001 01bb ffffffff 00000007 50%s 8000 0000 0000".formatted(flags);
        IpPacket offending = Packets.wrapped(Packets.v4(6, segment + data));

        assertEquals(40, TcpAnswer.reset(offending, into, AT));
        assertEquals(sequence + acknowledgment, Hex.of(into, AT + 24, 8));
    }

    @Test
    void keepsDscpAndDropsEcn() {
        ByteBuffer bytes = Packets.v4(6, "c001 01bb 00000001 00000000 5002 8000 0000 0000");
        IpPacket offending = Packets.wrapped(bytes);
        offending.ipv4().trafficClass(0xbb);

        assertEquals(40, TcpAnswer.reset(offending, into, AT));
        assertEquals("b8", Hex.of(into, AT + 1, 1));
    }

    @Test
    void challengesASynWithAnAcknowledgmentOfSomethingElse() {
        IpPacket syn =
                Packets.wrapped(Packets.v4(6, "c001 01bb 00000001 00000000 5002 8000 0000 0000"));

        assertEquals(40, TcpAnswer.challenge(syn, 0x12345678, into, AT));
        assertEquals(
                Hex.of("45000028 00004000 40066ecd c0000202 0a000001")
                        + Hex.of("01bb c001 00000000 12345678 5010 0000 b968 0000"),
                Hex.of(into, AT, 40));
    }

    @Test
    void answersNoResetNoFragmentNoOtherProtocolAndNobodyInParticular() {
        String syn = "c001 01bb 00000001 00000000 5002 8000 0000 0000 00000000";
        String toAll = "0a000001 ffffffff";
        String toSome = "20010db8000000000000000000000001 ff020000000000000000000000000001";
        ByteBuffer[] all = {
            Packets.v4(6, syn.replace("5002", "5004")),
            Packets.v6(6, syn.replace("5002", "5014")),
            Packets.v4("2000", 6, "0a000001 c0000202", syn),
            Packets.v4(17, "c001 0035 0008 0000"),
            Packets.v4("0000", 6, toAll, syn),
            Packets.v6(6, toSome, syn),
        };
        for (ByteBuffer bytes : all) {
            assertEquals(0, TcpAnswer.reset(Packets.wrapped(bytes), into, AT));
            assertEquals(0, TcpAnswer.challenge(Packets.wrapped(bytes), 7, into, AT));
        }
        assertEquals(ByteBuffer.allocate(80), into, "nothing is written");
    }
}
