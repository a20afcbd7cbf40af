package io.culvert.upgrade;

import io.culvert.linux.Errno;
import io.culvert.linux.Fd;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.Syscall;

/**
 * Takes connections from the namespace's listeners for the flows that they are of, and turns them
 * away where the process may open no more files.
 *
 * <p>Confined to one worker.
 */
final class Acceptor implements AutoCloseable {
    private static final int AF_UNIX = 1;
    private static final int DATAGRAM = 2;

    private final ClientSockets clientSockets;
    private final SlotFlows flows;
    private final SocketAddressBuffer peer = new SocketAddressBuffer();

    // A descriptor kept for the moment when there are no others.
    private int spare = spare();

    /**
     * @param clientSockets may have descriptors to spare
     */
    Acceptor(ClientSockets clientSockets, SlotFlows flows) {
        this.clientSockets = clientSockets;
        this.flows = flows;
    }

    /** Takes all that wait there. */
    void accept(Fd listener) {
        for (int socket = next(listener); socket >= 0; socket = next(listener)) {
            UpgradedTcp connection = flows.of(peer);
            if (connection == null || !connection.accepted(socket)) {
                closeWithReset(socket);
            }
        }
    }

    /** The next connection's socket with {@link #peer} set; negative where none waits. */
    private int next(Fd listener) {
        int socket = acceptOne(listener);
        if (isShort(socket) && clientSockets.shed()) {
            socket = acceptOne(listener);
        }
        if (isShort(socket)) {
            turnAway(listener);
        }
        // ECONNABORTED and the like concern one connection; level-triggered, we come again for the
        // others.
        return socket;
    }

    /** Whether no descriptor was left. */
    static boolean isShort(int socket) {
        return Errno.EMFILE.is(socket) || Errno.ENFILE.is(socket);
    }

    /**
     * Without this, a connection that there is no descriptor for would keep the listener ready, and
     * us busy, for ever.
     */
    private void turnAway(Fd listener) {
        Syscall.close(spare);
        int socket = acceptOne(listener);
        if (socket >= 0) {
            UpgradedTcp connection = flows.of(peer);
            if (connection != null) {
                connection.turnedAway();
            }
            closeWithReset(socket);
        }
        spare = spare();
    }

    private int acceptOne(Fd listener) {
        peer.prepare();
        return Syscall.accept(
                listener.number(),
                peer.address(),
                peer.lengthAddress(),
                Syscall.NONBLOCK | Syscall.CLOEXEC);
    }

    private static int spare() {
        return Syscall.socket(AF_UNIX, DATAGRAM | Syscall.CLOEXEC, 0);
    }

    /** The peer gets a RST and no FIN. */
    static void closeWithReset(int socket) {
        Syscall.linger(socket, 0);
        Syscall.close(socket);
    }

    @Override
    public void close() {
        Syscall.close(spare);
    }
}
