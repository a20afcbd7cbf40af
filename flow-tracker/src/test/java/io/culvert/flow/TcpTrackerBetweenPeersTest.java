package io.culvert.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.wire.TcpHeader;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Two honest peers and a network that loses, delays, reorders and duplicates on both sides of the
 * tracker. Whatever they send is passed on, and the flow's state is theirs in the end. Only copies
 * that the network made long ago may be refused.
 */
class TcpTrackerBetweenPeersTest {
    private static final int CONNECTIONS = 400;
    private static final int LONGEST = 400_000;
    private static final int LONGEST_DELAY = 3;
    private static final int LONGEST_DELAY_OF_COPY = 60;

    /** A segment on its way to the tracker or from there on. */
    private record Travelling(
            int due, boolean fromInitiator, boolean judged, boolean copy, TcpHeader tcp) {}

    private Random random;
    private int now;
    private int lossPercent;
    private int copyPercent;
    private List<Travelling> network;
    private TcpScript script;
    private boolean midStream;
    private int pickUpAt;
    private boolean pickedUpLate;
    private boolean swapped;
    private int accepted;
    private int passed;
    private int refused;

    private void send(boolean fromInitiator, boolean judged, boolean copy, TcpHeader tcp) {
        if (random.nextInt(100) >= lossPercent) {
            int due = now + 1 + random.nextInt(LONGEST_DELAY);
            network.add(new Travelling(due, fromInitiator, judged, copy, tcp));
        }
        if (random.nextInt(100) < copyPercent) {
            int due = now + 1 + random.nextInt(LONGEST_DELAY_OF_COPY);
            network.add(new Travelling(due, fromInitiator, judged, true, tcp));
        }
    }

    private boolean isPassed(Travelling segment, boolean finSent, long seed) {
        if (script == null) {
            if (now < pickUpAt || !TcpTracker.opens(segment.tcp(), midStream)) return midStream;
            script = TcpScript.tracked(midStream);
            swapped = !segment.fromInitiator();
            pickedUpLate = finSent;
        }
        Direction from =
                segment.fromInitiator() != swapped
                        ? Direction.FROM_INITIATOR
                        : Direction.FROM_TARGET;
        TcpVerdict verdict = script.flow().judge(from, segment.tcp());
        if (verdict == TcpVerdict.ACCEPT) {
            accepted++;
        } else if (verdict.isPassed()) {
            passed++;
        } else {
            assertTrue(segment.copy(), () -> "connection " + seed + ", " + now + ": " + verdict);
            refused++;
        }
        return verdict.isPassed();
    }

    private void connect(long seed) {
        random = new Random(seed);
        now = 0;
        lossPercent = random.nextInt(3) == 0 ? 0 : random.nextInt(25);
        copyPercent = random.nextInt(3) == 0 ? 0 : random.nextInt(10);
        network = new ArrayList<>();
        script = null;
        pickUpAt = midStream ? random.nextInt(100) : 0;
        SimulatedPeer initiator =
                new SimulatedPeer(random, true, tcp -> send(true, false, false, tcp));
        SimulatedPeer target =
                new SimulatedPeer(random, false, tcp -> send(false, false, false, tcp));
        while (!initiator.isDone(target) || !target.isDone(initiator)) {
            now++;
            initiator.tick();
            target.tick();
            for (Travelling each : arrivals()) {
                if (each.judged()) {
                    (each.fromInitiator() ? target : initiator).receive(each.tcp());
                } else if (isPassed(each, initiator.hasSentFin() || target.hasSentFin(), seed)) {
                    send(each.fromInitiator(), true, each.copy(), each.tcp());
                }
            }
            assertTrue(now < LONGEST, () -> "connection " + seed + " hangs");
        }
        // A short one may be over before it is picked up.
        if (script != null && !pickedUpLate) {
            TcpState state = script.flow().tcpState();
            assertEquals(TcpState.CLOSED, state, () -> "connection " + seed);
        }
    }

    private List<Travelling> arrivals() {
        List<Travelling> arrivals = network.stream().filter(each -> each.due() <= now).toList();
        network.removeIf(each -> each.due() <= now);
        return arrivals;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @Tag("rfc5382-req-2")
    void refusesNothingThatIsValid(boolean midStream) {
        this.midStream = midStream;
        for (long seed = 0; seed < CONNECTIONS; seed++) {
            pickedUpLate = false;
            connect(seed);
        }

        assertTrue(accepted > 1_000 * CONNECTIONS / 10, () -> "accepted " + accepted);
        assertTrue(passed < accepted / 10, () -> "only passed " + passed + " of " + accepted);
        assertTrue(refused < accepted / 50, () -> "refused " + refused + " of " + accepted);
    }
}
