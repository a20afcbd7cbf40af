package io.culvert.tun;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** RFC 2890 section 2.2. */
class GreSequenceTest {
    private final GreSequence sequence = new GreSequence();

    @Test
    void takesWhatComesInOrderAndAGap() {
        assertTrue(sequence.takes(0));
        assertTrue(sequence.takes(1));
        assertTrue(sequence.takes(5));
        assertTrue(sequence.takes(1_000_000));
    }

    @Test
    @Tag("rfc2890-2.2-b")
    void takesNothingTwiceAndNothingBehindALaterOne() {
        assertTrue(sequence.takes(0));
        assertFalse(sequence.takes(0));
        assertTrue(sequence.takes(5));
        assertFalse(sequence.takes(4));
        assertFalse(sequence.takes(5));
        assertFalse(sequence.takes(1));
        assertTrue(sequence.takes(6));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, Integer.MAX_VALUE - 1, Integer.MAX_VALUE})
    @Tag("rfc2890-2.2-c")
    void beginsAnywhereInTheFirstHalf(int first) {
        assertTrue(sequence.takes(first));
        assertFalse(sequence.takes(first));
        assertTrue(sequence.takes(first + 1));
    }

    @Test
    void countsOnFromZeroAfterTheLargestNumber() {
        runTo(0xffff_fffe);
        assertTrue(sequence.takes(0xffff_ffff));
        assertTrue(sequence.takes(0));
        assertFalse(sequence.takes(0xffff_ffff));
        assertTrue(sequence.takes(1));
    }

    /** The last number and the 2^31 - 1 before it are late; the one 2^31 away is not. */
    @Test
    void cutsTheNumbersInHalves() {
        runTo(0x9000_0000);
        assertFalse(sequence.takes(0x1000_0001));
        assertTrue(sequence.takes(0x1000_0000));
    }

    private void runTo(int number) {
        for (int at = 0; Integer.compareUnsigned(at, number) < 0; ) {
            int step = (int) Math.min(0x4000_0000L, Integer.toUnsignedLong(number - at));
            at += step;
            assertTrue(sequence.takes(at));
        }
    }

    @Test
    void seesThatTheSenderHasBegunAnew() {
        assertTrue(sequence.takes(1_000_000));
        for (int i = 0; i < GreSequence.RESTARTED - 1; i++) {
            assertFalse(sequence.takes(i));
        }
        assertTrue(sequence.takes(GreSequence.RESTARTED - 1));
        assertTrue(sequence.takes(GreSequence.RESTARTED));
        assertFalse(sequence.takes(3));
    }

    /** A path that delays some packets delivers newer ones meanwhile. */
    @Test
    void takesNoneOfManyLatePacketsBetweenNewerOnes() {
        assertTrue(sequence.takes(1_000));
        for (int i = 0; i < 100; i++) {
            assertFalse(sequence.takes(500 + i));
            assertTrue(sequence.takes(1_001 + i));
        }
    }

    /** Replayed packets come as often as somebody likes, but not on and on in order. */
    @Test
    void takesNoneOfOnePacketAgainAndAgain() {
        assertTrue(sequence.takes(1_000));
        for (int i = 0; i < 1_000; i++) {
            assertFalse(sequence.takes(999));
        }
        for (int i = 0; i < 1_000; i++) {
            assertFalse(sequence.takes(999 - i));
        }
    }

    @Test
    void beginsAnewWhenToldTo() {
        assertTrue(sequence.takes(1_000));
        sequence.restart();
        assertTrue(sequence.takes(0));
    }
}
