package io.culvert.gateway.detect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

class QuicFlightTest {
    private static final byte[] DESTINATION = InitialVectors.hex("0102030405060708090a");
    private static final byte[] MESSAGE =
            new Hello().serverName("quic.example").alpn("h3").versions(0x0304).message();

    private final QuicFlight.Maker maker = new QuicFlight.Maker();
    private final QuicFlight flight = maker.flight();

    private Progress read(byte[] datagram) {
        return flight.read(ByteBuffer.wrap(datagram));
    }

    private void isKnown(int version) {
        assertEquals(
                Facts.hello(Application.QUIC, "quic.example", List.of("h3"), version),
                flight.facts());
    }

    @Test
    void opensTheRfcsOwnPacket() {
        assertEquals(Progress.KNOWN, read(InitialVectors.V1));
        assertEquals(
                Facts.hello(Application.QUIC, "example.com", List.of("alpn"), 1), flight.facts());
        assertEquals("quic version=0x1 sni=example.com alpn=alpn", flight.facts().text());
    }

    @Test
    void opensVersion2() {
        assertEquals(Progress.KNOWN, read(InitialVectors.V2));
        assertEquals(
                Facts.hello(Application.QUIC, "example.com", List.of("alpn"), 0x6b3343cf),
                flight.facts());
    }

    @Test
    void theFramesInsideAreTheRfcs() {
        CryptoStream stream = new CryptoStream();
        assertTrue(InitialFrames.read(InitialVectors.FRAMES, stream));
        ClientHello hello = new ClientHello();
        assertEquals(Progress.KNOWN, hello.read(stream.beginning()));
        assertEquals("example.com", hello.serverName());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aHelloMayComeInAnyOrderOverDatagrams(boolean second) {
        SealedInitial client = new SealedInitial(second, DESTINATION).token(70);
        int half = MESSAGE.length / 2;
        byte[] last = SealedInitial.crypto(MESSAGE, half, MESSAGE.length);
        byte[] middle = SealedInitial.crypto(MESSAGE, 10, half + 5);
        byte[] beginning = SealedInitial.crypto(MESSAGE, 0, 10);
        byte[] ping = {1};
        byte[] acknowledgment = InitialVectors.hex("020500020103040101");
        byte[] counted = InitialVectors.hex("0305000000010203");

        assertEquals(Progress.MORE, read(client.packet(1200, ping, last, acknowledgment)));
        assertEquals(Application.QUIC, flight.facts().application());
        assertEquals(Progress.MORE, read(client.packet(1200, counted, middle, last)));
        assertEquals(Progress.KNOWN, read(client.packet(1200, beginning, middle)));
        isKnown(second ? 0x6b3343cf : 1);
    }

    @Test
    void packetsMayShareADatagram() {
        SealedInitial client = new SealedInitial(false, DESTINATION);
        byte[] zeroRtt =
                Hello.bytes(
                        0xd0,
                        InitialVectors.hex("00000001"),
                        Hello.sized(1, DESTINATION),
                        0,
                        SealedInitial.two(40),
                        new byte[40]);
        byte[] first = client.packet(0, SealedInitial.crypto(MESSAGE, 20, MESSAGE.length));
        byte[] second = client.packet(0, SealedInitial.crypto(MESSAGE, 0, 20));
        assertEquals(Progress.KNOWN, read(Hello.bytes(first, zeroRtt, second, 0x40, "short")));
        isKnown(1);
    }

    @Test
    void whatCannotBeOpenedIsPassedOver() {
        SealedInitial client = new SealedInitial(false, DESTINATION);
        byte[] good = client.packet(1200, SealedInitial.crypto(MESSAGE, 0, MESSAGE.length));
        byte[] forged = good.clone();
        forged[forged.length - 1] ^= 1;
        assertEquals(Progress.MORE, read(forged));
        assertEquals(Facts.NONE, flight.facts());
        assertEquals(Progress.KNOWN, read(Hello.bytes(forged, good)));
        isKnown(1);
    }

    @Test
    void anotherConnectionsPacketsAreNotMixedIn() {
        SealedInitial one = new SealedInitial(false, DESTINATION);
        SealedInitial other = new SealedInitial(false, InitialVectors.hex("0909090909090909"));
        byte[] othersMessage = new Hello().serverName("other.example").message();
        byte[] othersWhole = SealedInitial.crypto(othersMessage, 0, othersMessage.length);
        int half = MESSAGE.length / 2;
        assertEquals(Progress.MORE, read(one.packet(1200, SealedInitial.crypto(MESSAGE, 0, half))));
        assertEquals(Progress.MORE, read(other.packet(1200, othersWhole)));
        byte[] rest = SealedInitial.crypto(MESSAGE, half, MESSAGE.length);
        assertEquals(Progress.KNOWN, read(one.packet(1200, rest)));
        isKnown(1);
    }

    @Test
    void twoMindsAreNone() {
        SealedInitial client = new SealedInitial(false, DESTINATION);
        byte[] changed = MESSAGE.clone();
        changed[60] ^= 1;
        assertEquals(
                Progress.OTHER,
                read(
                        client.packet(
                                1200,
                                SealedInitial.crypto(MESSAGE, 30, 70),
                                SealedInitial.crypto(changed, 0, MESSAGE.length))));
    }

    @Test
    void framesThatMayNotBeThereAreNone() {
        SealedInitial client = new SealedInitial(false, DESTINATION);
        for (String wrong :
                List.of("0800", "1e", "0640", "06000a00", "06ffffffffffffffff00", "02", "4001")) {
            boolean fits = InitialFrames.read(InitialVectors.hex(wrong), new CryptoStream());
            // A type in more bytes than it needs is one all the same to those who are lenient.
            assertEquals(wrong.equals("4001"), fits, wrong);
        }
        assertEquals(Progress.OTHER, read(client.packet(1200, InitialVectors.hex("0800"))));
    }

    @Test
    void ofAnotherVersionNoMoreIsKnown() {
        byte[] datagram = Hello.bytes(0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8, new byte[1194]);
        assertEquals(Progress.MORE, read(datagram));
        assertEquals(Facts.of(Application.QUIC, 0x1a2a3a4a), flight.facts());
        // The server has answered with its versions.
        assertEquals(Progress.KNOWN, read(InitialVectors.V1));
        assertEquals("example.com", flight.facts().serverName());
    }

    @Test
    void soManyDatagramsAreEnough() {
        byte[] datagram = Hello.bytes(0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8, new byte[1194]);
        for (int i = 1; i < QuicFlight.MOST_DATAGRAMS; i++) {
            assertEquals(Progress.MORE, read(datagram));
        }
        assertEquals(Progress.KNOWN, read(datagram));
        assertEquals(Facts.of(Application.QUIC, 0x1a2a3a4a), flight.facts());
    }

    @Test
    void otherDatagramsAreNot() {
        byte[] voice = Hello.bytes(0x80, 0, 0, 0, 1, 8, new byte[1194]);
        byte[] small = Hello.bytes(0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8, new byte[1100]);
        byte[] shortId = Hello.bytes(0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 7, new byte[1194]);
        byte[] negotiation = Hello.bytes(0xc0, 0, 0, 0, 0, 8, new byte[1194]);
        byte[] query = InitialVectors.hex("c0ff010000010000000000000161076578616d706c650000010001");
        byte[] established = Hello.bytes(0x40, new byte[1199]);
        for (byte[] datagram :
                List.of(voice, small, shortId, negotiation, query, established, new byte[0])) {
            assertFalse(QuicFlight.mayBegin(ByteBuffer.wrap(datagram)));
            assertEquals(Progress.OTHER, maker.flight().read(ByteBuffer.wrap(datagram)));
        }
    }

    @Test
    void everyBeginningOfAPacketIsOnlyPassedOver() {
        for (int i = 7; i < InitialVectors.V1.length; i++) {
            QuicFlight cut = maker.flight();
            assertEquals(
                    Progress.MORE, cut.read(ByteBuffer.wrap(Arrays.copyOf(InitialVectors.V1, i))));
            assertEquals(Facts.NONE, cut.facts());
        }
    }
}
