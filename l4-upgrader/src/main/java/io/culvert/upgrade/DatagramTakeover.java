package io.culvert.upgrade;

import java.nio.ByteBuffer;

/**
 * Has a UDP flow's datagrams on the worker itself, in place of a socket, such as a protocol's codec
 * on the worker's loop. Nothing here may block.
 *
 * <pre>
 *   given to {@link UdpUpgrader} --> take --> datagrams, as often as some come --> ended, once
 * </pre>
 *
 * <p>Called on the worker that owns the flow, but for {@link #state}.
 */
public interface DatagramTakeover {
    /** The flow stands, and is this one's to go on with. */
    void take(TakenDatagrams flow);

    /**
     * A datagram of the initiator's, or several of {@code segmentSize} bytes that came as one, the
     * last of which may be shorter. The bytes are the caller's, and may be read until this returns.
     */
    void datagrams(ByteBuffer bytes, int offset, int length, int segmentSize);

    /**
     * The flow is over, by {@link TakenDatagrams#leave} or from elsewhere. What is sent within this
     * call is the last that goes out.
     */
    void ended();

    /** A word for people: what becomes of the flow. Asked from any thread. */
    String state();
}
