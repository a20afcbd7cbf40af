package io.culvert.gateway.detect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Right bytes made wrong in a few places, from seeds: whatever they are, there is a verdict, it
 * does not hang on what stands behind them, and what follows does not change it.
 */
class MutatedBytesTest {
    private static final int ROUNDS = 20_000;

    private final FirstBytes first = new FirstBytes();

    private static List<byte[]> streams() {
        byte[] hello =
                new Hello()
                        .serverName("www.example.org")
                        .alpn("h2", "http/1.1")
                        .versions(0x0303, 0x0304)
                        .extension(13, Hello.sized(2, Hello.bytes(4, 3, 8, 4)))
                        .message();
        return List.of(
                Hello.record(hello),
                Hello.bytes(
                        Hello.record(Arrays.copyOf(hello, 50)),
                        Hello.record(Arrays.copyOfRange(hello, 50, hello.length))),
                ascii("GET /a/../b%41?q HTTP/1.1\r\nHost: a.example:80\r\nA: b\r\n\r\nbody"),
                ascii("CONNECT [::1]:443 HTTP/1.1\r\nHost: x\r\n\r\n"),
                ascii("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
                ascii("SSH-2.0-OpenSSH_9.2\r\n"));
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** A few bytes changed, taken away or put in. */
    static byte[] mutated(byte[] right, SplittableRandom random) {
        byte[] bytes = right.clone();
        for (int i = random.nextInt(4); i >= 0 && bytes.length > 1; i--) {
            int at = random.nextInt(bytes.length);
            switch (random.nextInt(5)) {
                case 0 -> bytes[at] = (byte) random.nextInt();
                case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 2 -> bytes[at] += (byte) (random.nextBoolean() ? 1 : -1);
                case 3 -> bytes = Arrays.copyOf(bytes, at);
                default -> {
                    byte[] head = Arrays.copyOf(bytes, at);
                    byte[] tail = Arrays.copyOfRange(bytes, at, bytes.length);
                    byte[] some = new byte[random.nextInt(4)];
                    random.nextBytes(some);
                    bytes = Hello.bytes(head, some, tail);
                }
            }
        }
        return bytes;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void everyStreamHasAVerdictThatStays(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<byte[]> streams = streams();
        for (int i = 0; i < ROUNDS; i++) {
            byte[] bytes = mutated(streams.get(i % streams.size()), random);
            Progress verdict = read(bytes, bytes.length);
            Facts facts = first.facts();
            assertNotNull(facts.text());
            if (verdict == Progress.OTHER) {
                assertEquals(Facts.NONE, facts);
            }
            int part = random.nextInt(bytes.length + 1);
            Progress before = read(bytes, part);
            if (before != Progress.MORE) {
                assertEquals(before, verdict, () -> "of " + Arrays.toString(bytes));
                assertEquals(first.facts(), facts);
            }
        }
    }

    /** What stands behind the view is different each time. */
    private Progress read(byte[] bytes, int length) {
        ByteBuffer view = ByteBuffer.allocate(length + 100);
        for (int i = 0; i < view.capacity(); i++) {
            view.put(i, i < length ? bytes[i] : (byte) length);
        }
        return first.read(view.limit(length));
    }

    @ParameterizedTest
    @ValueSource(longs = {4, 5})
    void everyDatagramHasOne(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        QuicFlight.Maker maker = new QuicFlight.Maker();
        for (int i = 0; i < ROUNDS / 4; i++) {
            byte[] right = random.nextBoolean() ? InitialVectors.V1 : InitialVectors.V2;
            QuicFlight flight = maker.flight();
            Progress verdict = Progress.MORE;
            for (int j = 0; j < QuicFlight.MOST_DATAGRAMS && verdict == Progress.MORE; j++) {
                verdict = flight.read(ByteBuffer.wrap(mutated(right, random)));
            }
            assertNotNull(flight.facts().text());
            assertEquals(true, verdict != Progress.MORE);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {6, 7})
    void soHasWhatIsInsidePackets(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] others =
                InitialVectors.hex("0100020500020103040305000001020306000206011c000002dead");
        ClientHello hello = new ClientHello();
        for (int i = 0; i < ROUNDS; i++) {
            CryptoStream stream = new CryptoStream();
            byte[] right =
                    random.nextBoolean()
                            ? InitialVectors.FRAMES
                            : Hello.bytes(InitialVectors.FRAMES, others);
            if (InitialFrames.read(mutated(right, random), stream)) {
                assertNotNull(hello.read(stream.beginning()));
                assertNotNull(hello.facts(QuicVersion.V1).text());
            }
        }
    }
}
