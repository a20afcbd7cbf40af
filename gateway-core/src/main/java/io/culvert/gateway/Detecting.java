package io.culvert.gateway;

import io.culvert.gateway.detect.Facts;
import io.culvert.hook.Reason;
import io.culvert.upgrade.Poller;
import io.culvert.upgrade.TakenConnection;
import io.culvert.upgrade.Takeover;

import java.util.function.Function;

/**
 * A connection whose first bytes decide how it goes on.
 *
 * <pre>
 *   taken --> the initiator says what it is, or ends ---------.
 *     |                                                       v
 *     |-----> the target speaks first: nothing is known --> Outcome: relay, reset, hand over
 *     |                                                       ^
 *     '-----> its time is over: as far as is known -----------'
 * </pre>
 *
 * <p>All that was said is still in the sockets then. Where nobody was dialed before, the relay
 * dials now.
 *
 * <p>Confined to the worker that owns the flow, but for {@link #state}.
 */
final class Detecting implements Takeover {
    private static final int ENDS = Poller.PEER_CLOSED | Poller.ERROR;

    private final Detection detection;
    private final boolean answersFirst;
    private final long patienceNanos;
    private final Function<Facts, Outcome> decision;
    private TakenConnection connection;
    private long deadlineNanos;
    private boolean decided;

    /** Null but where another one has the connection. */
    private volatile Takeover successor;

    /** How a connection goes on. */
    sealed interface Outcome {
        /** Joined to its target. */
        record Relay() implements Outcome {}

        /** Ended. */
        record Reset(Reason reason) implements Outcome {}

        /** It is that one's from now on. */
        record HandOver(Takeover to) implements Outcome {}
    }

    /**
     * @param answersFirst whether nobody is dialed before the initiator has spoken; then one that
     *     waits for its target to speak has to wait so long
     * @param patienceNanos how long the first bytes may take
     * @param decision asked once
     */
    Detecting(
            Detection detection,
            boolean answersFirst,
            long patienceNanos,
            Function<Facts, Outcome> decision) {
        this.detection = detection;
        this.answersFirst = answersFirst;
        this.patienceNanos = patienceNanos;
        this.decision = decision;
    }

    @Override
    public boolean answersFirst() {
        return answersFirst;
    }

    @Override
    public void take(TakenConnection taken) {
        connection = taken;
        deadlineNanos = detection.now() + patienceNanos;
        detection.begin(this);
        taken.watch(this::initiatorReady, this::targetReady);
        look(false);
    }

    private void initiatorReady(int events) {
        look((events & ENDS) != 0);
    }

    private void targetReady(int events) {
        if (!decided && detection.hasSpoken(connection.target())) {
            look(true);
        }
    }

    /**
     * @param last whether there is nothing to wait for any more
     */
    private void look(boolean last) {
        if (decided) {
            return;
        }
        boolean more = detection.look(connection.initiator(), last) == Detection.Look.MORE;
        if (!more) {
            decide(detection.facts());
        }
    }

    /** Decides where its time is over; whether it is. */
    boolean expire(long nowNanos) {
        if (nowNanos - deadlineNanos < 0) {
            return false;
        }
        look(true);
        return true;
    }

    private void decide(Facts facts) {
        decided = true;
        detection.end(this);
        switch (decision.apply(facts)) {
            case Outcome.Relay _ -> relay();
            case Outcome.Reset reset -> connection.reset(reset.reason());
            case Outcome.HandOver handOver -> {
                successor = handOver.to();
                successor.take(connection);
            }
        }
    }

    private void relay() {
        if (connection.target() != TakenConnection.NONE) {
            connection.relay();
            return;
        }
        connection.dial(
                failure -> {
                    if (failure == null) {
                        connection.relay();
                    } else {
                        connection.reset(failure);
                    }
                });
    }

    @Override
    public void ended(Reason reason) {
        decided = true;
        detection.end(this);
        if (successor != null) {
            successor.ended(reason);
        }
    }

    @Override
    public void over() {
        detection.end(this);
        if (successor != null) {
            successor.over();
        }
    }

    @Override
    public boolean hasReadEnd() {
        return successor != null && successor.hasReadEnd();
    }

    @Override
    public String state() {
        Takeover now = successor;
        return now == null ? "detecting" : now.state();
    }

    @Override
    public long bytesUp() {
        return successor == null ? 0 : successor.bytesUp();
    }

    @Override
    public long bytesDown() {
        return successor == null ? 0 : successor.bytesDown();
    }
}
