package io.culvert.gateway.plugin.kit;

/** What a client or a server does in a test. */
@FunctionalInterface
public interface Script {
    /** Does nothing but listen until the other side has ended, and then ends. */
    Script LISTEN = Peer::hearEnd;

    /**
     * Plays it. What was not ended by then is ended in an orderly way.
     *
     * @throws Exception fails the test
     */
    void play(Peer peer) throws Exception;
}
