package io.culvert.flow;

/** Which of a flow's two sides a packet comes from. */
public enum Direction {
    FROM_INITIATOR,
    FROM_TARGET
}
