package io.culvert.hook;

import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.Optional;

/**
 * A tunnel that wants to come in.
 *
 * @param onRamp the on-ramp's name
 * @param context what it says of itself: the first message of a {@code seqpacket} tunnel, the
 *     private data in the header of a {@code gue} packet
 * @param credentials who is at the other end of a Unix socket
 * @param peer where the packets of a {@code gue} tunnel come from, and the port that those to it go
 *     to
 */
public record TunnelRequest(
        String onRamp,
        ByteBuffer context,
        Optional<Credentials> credentials,
        Optional<Endpoint> peer) {
    /**
     * Made by the gateway, and by tests of plugins; the buffer is not copied.
     *
     * @throws NullPointerException if any part is {@code null}
     */
    public TunnelRequest {
        Objects.requireNonNull(onRamp);
        context = context.asReadOnlyBuffer();
        Objects.requireNonNull(credentials);
        Objects.requireNonNull(peer);
    }

    /**
     * Read-only, and one's own to move through.
     *
     * @return a new view each time, from the first byte to the last
     */
    @Override
    public ByteBuffer context() {
        return context.duplicate();
    }

    /**
     * Those of a process as the kernel knows them (unix(7), SO_PEERCRED).
     *
     * @param pid process, of the gateway's namespace of processes; 0 where it has no name there
     * @param uid user
     * @param gid group
     */
    public record Credentials(int pid, int uid, int gid) {}
}
