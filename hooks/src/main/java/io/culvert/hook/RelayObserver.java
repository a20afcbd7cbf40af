package io.culvert.hook;

import java.nio.ByteBuffer;

/**
 * Sees what a relay passes on. The two directions come on two threads, and in each everything in
 * order.
 */
public interface RelayObserver {
    /**
     * Bytes of the initiator, before they are passed on.
     *
     * @param bytes read-only, the observer's to move through, and only during the call
     * @throws RefusedException resets both sides, on purpose
     * @throws Exception resets both sides, and is a failure of the plugin
     */
    void fromInitiator(ByteBuffer bytes) throws Exception;

    /**
     * Bytes of the target, before they are passed on.
     *
     * @param bytes as there
     * @throws RefusedException as there
     * @throws Exception as there
     * @see #fromInitiator
     */
    void fromTarget(ByteBuffer bytes) throws Exception;
}
