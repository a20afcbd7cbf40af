package io.culvert.tun;

/**
 * In which order the numbered packets of a tunnel were sent (RFC 2890 section 2.2): one that comes
 * behind a later one, or twice, is not taken. Nothing is held back for one that is missing.
 *
 * <p>A sender that was started anew begins again with 0, and by the RFC alone nothing of it would
 * be taken until it has come as far as before. So {@value #RESTARTED} packets that are all too late
 * but in order among themselves, and nothing else between them, are those of such a sender: no path
 * delays so many together while it delivers nothing newer.
 *
 * <p>Confined to one worker.
 */
final class GreSequence {
    static final int RESTARTED = 16;

    private int last = -1;
    private int late;
    private int inARow;

    /** Whether the packet with that number is to be taken, which it then is. */
    boolean takes(int number) {
        if (isAfter(number, last)) {
            last = number;
            inARow = 0;
            return true;
        }
        inARow = inARow > 0 && isAfter(number, late) ? inARow + 1 : 1;
        late = number;
        if (inARow < RESTARTED) {
            return false;
        }
        last = number;
        inARow = 0;
        return true;
    }

    /** Out of sequence are the other one and the 2^31 - 1 numbers before it. */
    private static boolean isAfter(int number, int other) {
        int ahead = number - other;
        return ahead > 0 || ahead == Integer.MIN_VALUE;
    }

    /** From now on the numbers are another sender's. */
    void restart() {
        last = -1;
        inARow = 0;
    }
}
