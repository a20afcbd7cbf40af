package io.culvert.gateway;

import io.culvert.gateway.config.OnRamp;
import io.culvert.hook.Reason;
import io.culvert.tun.PacketDevice;

import java.io.IOException;
import java.util.List;

/**
 * An on-ramp of a running gateway.
 *
 * <pre>
 *   made: open, and nothing comes or goes --lead--> packets may go into it --start--> and come out
 *     start --remove--> its flows are closed, nothing is left of it; the gateway goes on
 *     start --stop, workers end, close--> the same where the gateway ends
 * </pre>
 *
 * <p>Threading: {@link #tunnels} from any; {@link #stop} on the first worker; the rest on one
 * thread that is no worker's, which may wait for them.
 */
interface LiveOnRamp extends AutoCloseable {
    /** What it is now. */
    OnRamp settings();

    /** Packets may go into its tunnels, those that are there from the start. */
    void lead();

    /** Takes packets, and tunnels where they come by themselves. */
    void start() throws IOException;

    /** Whether {@link #change} can make it that. */
    boolean canBecome(OnRamp next);

    /**
     * Gives up what it has, and would not have as {@code next}, so that others can have it.
     *
     * @param undo is told how to have it again
     */
    default void giveUp(OnRamp next, Undo undo) throws IOException {}

    /**
     * Does what may fail of becoming {@code next}.
     *
     * @param undo is told how to take it back
     * @return the rest, to be done once all is sure
     * @throws IOException with a sentence for the operator
     */
    Commit change(OnRamp next, Undo undo) throws IOException;

    /** Takes it away while the gateway goes on; its flows end with that reason. */
    void remove(Reason reason) throws IOException;

    /** From now on nobody comes or goes: the workers are about to end. */
    void stop();

    /** Every worker's end of every tunnel that there is now. */
    List<PacketDevice> ends() throws IOException;

    /** Tunnels that come by themselves and whose peer is there, or has been where none can tell. */
    int tunnels();

    /** Closes what is open, once no worker runs any more or none can be using it. */
    @Override
    void close() throws IOException;

    /** What is left to do of a change once nothing can prevent it. */
    @FunctionalInterface
    interface Commit {
        void run() throws IOException;
    }
}
