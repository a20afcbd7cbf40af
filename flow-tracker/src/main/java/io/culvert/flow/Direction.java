package io.culvert.flow;

/** Which of a flow's two sides a packet comes from. */
public enum Direction {
    FROM_INITIATOR,
    FROM_TARGET;

    public Direction opposite() {
        return this == FROM_INITIATOR ? FROM_TARGET : FROM_INITIATOR;
    }
}
