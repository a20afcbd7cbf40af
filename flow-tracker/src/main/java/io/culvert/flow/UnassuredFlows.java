package io.culvert.flow;

import io.culvert.wire.IpProtocol;

/**
 * One worker's flows that nothing speaks for yet: of TCP those whose handshake is not done, of
 * other protocols those that nobody has answered. (Linux calls a connection ASSURED once it is more
 * than that.) They are what a flood of forged packets makes, so they are counted, and give way
 * first where room is short.
 *
 * <p>A linked list in the order in which they were last looked at: each step costs the same however
 * many there are. Confined to the worker, but for what it tells the flows' tenants and {@link
 * ProvenSources}.
 */
final class UnassuredFlows {
    private final ProvenSources sources;
    private Place first;
    private Place last;

    UnassuredFlows(ProvenSources sources) {
        this.sources = sources;
    }

    /** A flow that was just opened. */
    void add(Flow flow) {
        Place place = new Place(flow);
        append(place);
        flow.unassured(place);
    }

    /**
     * The flow that has been silent for so long; {@code null} where there is none. Those that were
     * heard of meanwhile move to the end, at most {@code steps} of them.
     */
    Flow silentFor(long nanos, long nowNanos, int steps) {
        for (int i = 0; i < steps && first != null; i++) {
            Place eldest = first;
            if (nowNanos - eldest.lookedAtNanos < nanos) {
                return null;
            }
            if (nowNanos - eldest.flow.lastSeenNanos() >= nanos) {
                return eldest.flow;
            }
            unlink(eldest);
            append(eldest);
        }
        return null;
    }

    /**
     * The place of the flow that {@link #silentFor} would find; {@code null} where it would find
     * none. Nothing is moved.
     *
     * @param after the flow that it would have found before; {@code null} for the first one
     */
    Place peekSilentFor(Place after, long nanos, long nowNanos, int steps) {
        Place place = after == null ? first : after.next;
        for (int i = 0; i < steps && place != null; i++) {
            if (nowNanos - place.lookedAtNanos < nanos) {
                return null;
            }
            if (nowNanos - place.flow.lastSeenNanos() >= nanos) {
                return place;
            }
            place = place.next;
        }
        return null;
    }

    private void append(Place place) {
        place.lookedAtNanos = place.flow.lastSeenNanos();
        place.previous = last;
        if (last == null) {
            first = place;
        } else {
            last.next = place;
        }
        last = place;
    }

    private void unlink(Place place) {
        if (place.previous == null) {
            first = place.next;
        } else {
            place.previous.next = place.next;
        }
        if (place.next == null) {
            last = place.previous;
        } else {
            place.next.previous = place.previous;
        }
        place.previous = null;
        place.next = null;
    }

    /** A flow's place in the list. */
    final class Place {
        private final Flow flow;
        private Place previous;
        private Place next;
        private long lookedAtNanos;
        private boolean halfOpen;

        private Place(Flow flow) {
            this.flow = flow;
            halfOpen = flow.key().protocol() == IpProtocol.TCP;
            if (halfOpen) {
                flow.tenant().halfOpen(1);
            }
        }

        Flow flow() {
            return flow;
        }

        /** The address of the flow's initiator is no forged one. */
        void proveSource() {
            sources.proven(flow.key(), flow.lastSeenNanos());
        }

        /** The connection is over, before it was open. */
        void notHalfOpen() {
            if (halfOpen) {
                halfOpen = false;
                flow.tenant().halfOpen(-1);
            }
        }

        void leave() {
            notHalfOpen();
            unlink(this);
        }
    }
}
