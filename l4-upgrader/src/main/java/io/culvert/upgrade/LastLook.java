package io.culvert.upgrade;

import io.culvert.flow.RelayFigures;
import io.culvert.linux.SocketOptions;
import io.culvert.linux.Syscall;
import io.culvert.linux.TcpInfo;

/**
 * What the kernel says of TCP sockets that are open and soon will not be (tcp(7), TCP_INFO).
 *
 * <p>Confined to one worker.
 */
final class LastLook {
    private final TcpInfo initiator = new TcpInfo();
    private final TcpInfo target = new TcpInfo();

    /** Asks both sockets of a joint that is over how it went; zero of one that is not there. */
    RelayFigures figures(Joint over) {
        boolean initiatorAsked = initiator.read(over.initiator());
        boolean targetAsked = target.read(over.target());
        return new RelayFigures(
                over.bytesUp(),
                over.bytesDown(),
                initiatorAsked ? initiator.rtt() : 0,
                initiatorAsked ? initiator.retransmits() : 0,
                targetAsked ? target.rtt() : 0,
                targetAsked ? target.retransmits() : 0);
    }

    /** Whether nothing is left of the connection that the socket had: nobody will end it. */
    boolean isGone(int socket) {
        return initiator.read(socket) && initiator.state() == TcpInfo.CLOSED;
    }

    /** Whether an error of the connection has not been told yet. */
    boolean hasFailed(int socket) {
        return Syscall.getsockopt(socket, SocketOptions.SOL_SOCKET, SocketOptions.SO_ERROR) > 0;
    }
}
