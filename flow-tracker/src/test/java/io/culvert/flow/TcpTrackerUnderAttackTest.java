package io.culvert.flow;

import static io.culvert.wire.TcpHeader.ACK;
import static io.culvert.wire.TcpHeader.FIN;
import static io.culvert.wire.TcpHeader.PSH;
import static io.culvert.wire.TcpHeader.RST;
import static io.culvert.wire.TcpHeader.SYN;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;

import io.culvert.wire.Defect;
import io.culvert.wire.TcpHeader;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Random;

/** What somebody can do who knows the addresses and ports of a connection and nothing else. */
class TcpTrackerUnderAttackTest {
    private static final int SEGMENTS = 1_000_000;
    private static final int[] FLAGS = {
        RST, RST | ACK, SYN, SYN | ACK, ACK | PSH, ACK, FIN | ACK, SYN | RST, 0
    };

    /** What each side has sent and the other acknowledged. */
    private static final int INITIATOR = 2001;

    private static final int TARGET = 7001;

    private final TcpScript script = TcpScript.tracked(false);
    private final ByteBuffer bytes = ByteBuffer.allocate(20 + 65_000);
    private final TcpHeader tcp = new TcpHeader();

    private void establish() {
        script.run(
                """
                i SYN 1000 win 65535 ws 7                    : ACCEPT SYN_SENT
                t SYN+ACK 5000 ack 1001 win 65535 ws 7       : ACCEPT SYN_RECEIVED
                i ACK 1001 ack 5001 win 512 len 1000         : ACCEPT ESTABLISHED
                t ACK 5001 ack 2001 win 512 len 2000         : ACCEPT ESTABLISHED
                i ACK 2001 ack 7001 win 512                  : ACCEPT ESTABLISHED
                """);
    }

    private void assertGoesOn() {
        script.run(
                """
                i ACK 2001 ack 7001 win 512 len 1000         : ACCEPT ESTABLISHED
                t ACK 7001 ack 3001 win 512                  : ACCEPT ESTABLISHED
                i ACK 3001 ack 7001 win 512                  : ACCEPT ESTABLISHED
                t FIN+ACK 7001 ack 3001 win 512              : ACCEPT TARGET_CLOSED
                i FIN+ACK 3001 ack 7002 win 512              : ACCEPT BOTH_CLOSED
                t ACK 7002 ack 3002 win 512                  : ACCEPT CLOSED
                """);
    }

    private TcpVerdict judge(Direction from, int flags, int number, int acknowledgment, int data) {
        bytes.putInt(4, number).putInt(8, acknowledgment);
        bytes.put(12, (byte) 0x50).put(13, (byte) flags).putShort(14, (short) 0xffff);
        assertEquals(Defect.NONE, tcp.wrap(bytes, 0, 20 + data));
        return script.flow().judge(from, tcp);
    }

    private static Direction direction(boolean initiator) {
        return initiator ? Direction.FROM_INITIATOR : Direction.FROM_TARGET;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void isMovedByNoSegmentWithGuessedNumbersButAnExactReset(long seed) {
        establish();
        Random random = new Random(seed);
        int passed = 0;
        for (int i = 0; i < SEGMENTS; i++) {
            boolean initiator = random.nextBoolean();
            int flags = FLAGS[random.nextInt(FLAGS.length)];
            int number = random.nextInt();
            boolean exact = number == (initiator ? INITIATOR : TARGET);
            if (exact && (flags & RST) != 0) continue;
            int data = random.nextInt(4) == 0 ? random.nextInt(65_000) : 0;

            TcpVerdict verdict = judge(direction(initiator), flags, number, random.nextInt(), data);

            assertEquals(TcpState.ESTABLISHED, script.flow().tcpState());
            if (verdict.isPassed() && (flags & SYN) == 0) passed++;
        }
        // Of 2^32 numbers 2^16 are in the window, and other segments have two to guess.
        assertTrue(passed < 100, "passed: " + passed);
        assertGoesOn();
    }

    @Test
    void isClosedByNoResetInTheWindowButTheExactOne() {
        establish();
        for (int number = TARGET - 70_000; number < TARGET + 70_000; number++) {
            if (number == TARGET) continue;
            TcpVerdict verdict = judge(Direction.FROM_TARGET, RST, number, 0, 0);
            boolean inWindow = number > TARGET && number <= TARGET + (512 << 7);
            assertEquals(inWindow ? TcpVerdict.PASS : TcpVerdict.BAD_RESET, verdict);
        }
        assertEquals(TcpState.ESTABLISHED, script.flow().tcpState());

        judge(Direction.FROM_TARGET, RST, TARGET, 0, 0);

        assertEquals(TcpState.RESET, script.flow().tcpState());
    }

    @Test
    void believesNoIcmpErrorWithAGuessedNumber() {
        establish();
        script.run("i ACK 2001 ack 7001 win 512 len 1000 : ACCEPT ESTABLISHED");
        TcpTracker tracker = script.flow().tracker();
        Random random = new Random(4);
        for (int i = 0; i < SEGMENTS; i++) {
            int number = random.nextInt();
            boolean underWay = number >= INITIATOR && number < INITIATOR + 1000;
            assertEquals(underWay, tracker.quotes(Direction.FROM_INITIATOR, number));
            assertFalse(tracker.quotes(Direction.FROM_TARGET, number), "nothing is under way");
        }
    }

    @Test
    void judgesWithoutAllocating() {
        establish();
        // The measurement too has things to load when it is made first.
        allocated();
        judgeRandomly(SEGMENTS);

        long before = allocated();
        judgeRandomly(SEGMENTS);
        long allocated = allocated() - before;

        // A tenth of a byte each: what the measurement and the compiler may take meanwhile.
        assertTrue(allocated <= SEGMENTS / 10, () -> allocated + " bytes");
    }

    /** Half of them as good as can be. */
    private void judgeRandomly(int segments) {
        long random = 88_172_645_463_325_252L;
        for (int i = 0; i < segments; i++) {
            random ^= random << 13;
            random ^= random >>> 7;
            random ^= random << 17;
            boolean good = (random & 1) == 0;
            int flags = good ? ACK : FLAGS[(int) (random >>> 33) % FLAGS.length];
            int number = good ? INITIATOR : (int) random;
            int acknowledgment = good ? TARGET : (int) (random >>> 32);
            bytes.putInt(4, number).putInt(8, acknowledgment);
            bytes.put(12, (byte) 0x50).put(13, (byte) flags);
            tcp.wrap(bytes, 0, 20);
            script.flow().judge(Direction.FROM_INITIATOR, tcp);
        }
    }

    private static long allocated() {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean())
                .getCurrentThreadAllocatedBytes();
    }
}
