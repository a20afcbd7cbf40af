package io.culvert.hook;

/**
 * Takes upgraded TCP connections in place of the relay. Each has a virtual thread of its own, so it
 * may be written in blocking style.
 */
@FunctionalInterface
public interface ConnectionHandler {
    /**
     * Handles a connection. When this returns, both sides are closed as a relay would (what was
     * written arrives); when it throws, both are reset.
     *
     * @param connection open, and this thread's until it returns
     * @throws RefusedException the connection is not to go on, which is no failure
     * @throws Exception a {@link Connection}'s own where a side was reset, or any other
     */
    void handle(Connection connection) throws Exception;

    /**
     * Whether the initiator is answered before anybody is dialed, as a server must that has to read
     * first. Otherwise its SYN waits for the target, and a target that refuses or cannot be reached
     * is what the initiator sees (and this handler does not).
     *
     * @return whether it is; asked for each connection, so it should not change
     */
    default boolean answersFirst() {
        return false;
    }
}
