package io.culvert.gateway;

import io.culvert.flow.NanoClock;
import io.culvert.gateway.detect.Facts;
import io.culvert.gateway.detect.FirstBytes;
import io.culvert.gateway.detect.Progress;
import io.culvert.linux.Errno;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.Syscall;

import java.nio.ByteBuffer;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * One worker's connections that have not said yet what they are, and what it reads them by. Nothing
 * is taken out of a socket: recv(2) with MSG_PEEK.
 *
 * <p>Confined to one worker.
 */
final class Detection {
    private final NanoClock clock;
    private final FirstBytes first = new FirstBytes();
    private final ByteBuffer bytes = NativeMemory.allocate(FirstBytes.MOST);
    private final long address = NativeMemory.address(bytes);
    private final Set<Detecting> waiting = new LinkedHashSet<>();

    Detection(NanoClock clock) {
        this.clock = clock;
    }

    long now() {
        return clock.nanoTime();
    }

    void begin(Detecting connection) {
        waiting.add(connection);
    }

    void end(Detecting connection) {
        waiting.remove(connection);
    }

    /** Ends the wait of those whose time is over; called now and then. */
    void tick() {
        if (waiting.isEmpty()) {
            return;
        }
        long now = now();
        // They leave the set, in the order of their coming.
        for (Detecting connection : List.copyOf(waiting)) {
            if (!connection.expire(now)) {
                return;
            }
        }
    }

    /** What an initiator's socket has. */
    enum Look {
        /** Too little yet. */
        MORE,
        /** Enough: {@link #facts}. */
        ENOUGH,
        /** The end, or an error, behind what {@link #facts} tell. */
        OVER
    }

    /**
     * Looks at what has come from an initiator.
     *
     * @param over whether no more will come than is there
     */
    Look look(int socket, boolean over) {
        int read = Syscall.recv(socket, address, FirstBytes.MOST, Syscall.MSG_PEEK);
        Progress progress = first.read(bytes.slice(0, Math.max(0, read)));
        if (progress != Progress.MORE) {
            return Look.ENOUGH;
        }
        boolean ended = over || read == 0 || (read < 0 && !isEmpty(read));
        return ended ? Look.OVER : Look.MORE;
    }

    private static boolean isEmpty(int result) {
        return Errno.EAGAIN.is(result);
    }

    /** What was found at the last look. */
    Facts facts() {
        return first.facts();
    }

    /** Whether a target has said something, or has gone. */
    boolean hasSpoken(int socket) {
        return !isEmpty(Syscall.recv(socket, address, 1, Syscall.MSG_PEEK));
    }
}
