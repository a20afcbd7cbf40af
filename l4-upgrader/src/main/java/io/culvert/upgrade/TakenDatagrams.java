package io.culvert.upgrade;

import io.culvert.hook.Reason;

import java.nio.ByteBuffer;

/**
 * What a {@link DatagramTakeover} has of its flow. After {@link #leave}, and after {@link
 * DatagramTakeover#ended}, every call does nothing.
 *
 * <p>Confined to the worker that owns the flow.
 */
public interface TakenDatagrams {
    /** The longest payload of a datagram that reaches the on-ramp's other end whole. */
    int largestPayload();

    /**
     * Sends the initiator a datagram in the target's name, or several of {@code segmentSize} bytes
     * in one. One that is too long for the on-ramp leaves in fragments.
     */
    void send(ByteBuffer payload, int offset, int length, int segmentSize);

    /** Lets go what was sent since the last time. */
    void flush();

    /**
     * It is done.
     *
     * @param reason that the flow's end is called
     */
    void leave(Reason reason);
}
