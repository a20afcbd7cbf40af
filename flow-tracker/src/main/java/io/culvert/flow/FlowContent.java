package io.culvert.flow;

/** What a flow said first, as somebody has read it who knows its protocol. Immutable. */
public interface FlowContent {
    /** On one line for people. */
    String text();
}
