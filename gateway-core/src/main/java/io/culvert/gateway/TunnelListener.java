package io.culvert.gateway;

import java.io.IOException;

/**
 * An on-ramp whose tunnels come and go by themselves.
 *
 * <p>Threading: {@link #tunnels} from any; {@link #close} once no worker runs any more; the rest on
 * the first worker.
 */
interface TunnelListener extends AutoCloseable {
    /** Begins to take tunnels, and packets of theirs. */
    void start();

    /** From now on nobody comes or goes: the workers are about to end. */
    void stop();

    /** Tunnels whose peer is there, or has been where nobody can tell. */
    int tunnels();

    @Override
    void close() throws IOException;
}
