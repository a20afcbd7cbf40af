package io.culvert.gateway.http;

import io.culvert.linux.SocketOptions;
import io.culvert.linux.Syscall;
import io.netty.channel.Channel;
import io.netty.channel.epoll.EpollSocketChannel;

/**
 * What the kernel holds of an answer whose client takes it slowly. The kernel has the receive
 * buffer of a fast server grow, to megabytes, and the server's own along with it, before anybody
 * knows whether the client is as fast. So the buffer keeps the size that it begins with until so
 * much of the answer has passed that the client must have taken some; a long way is filled one
 * round trip later than it would be else.
 *
 * <p>Kernels before 5.14 cannot do that, and are let do as they like.
 *
 * <p>Confined to the loop of its connection.
 */
final class ReceiveBuffer {
    /** Bytes of an answer: more than waits in the gateway and its kernel for one client. */
    private static final int GROWS = 256 * 1024;

    /** Half of what tcp_rmem has by default, since the kernel doubles it (socket(7)). */
    private static final int BEGINNING = 64 * 1024;

    private final int socket;
    private boolean held;
    private long passed;

    private ReceiveBuffer(int socket) {
        this.socket = socket;
    }

    /** That of a connection, which has just begun. */
    static ReceiveBuffer of(Channel channel) {
        ReceiveBuffer buffer =
                new ReceiveBuffer(
                        channel instanceof EpollSocketChannel tcp ? tcp.fd().intValue() : -1);
        // Not SO_RCVBUF: that would be the size for good where it cannot be undone.
        buffer.held = buffer.lock(SocketOptions.SOCK_RCVBUF_LOCK);
        return buffer;
    }

    private boolean lock(int buffers) {
        return socket >= 0
                && Syscall.setsockopt(
                                socket,
                                SocketOptions.SOL_SOCKET,
                                SocketOptions.SO_BUF_LOCK,
                                buffers)
                        == 0;
    }

    /** Another answer begins, on a connection that may have a large buffer by now. */
    void begin() {
        if (!held && passed > GROWS) {
            int _ =
                    Syscall.setsockopt(
                            socket, SocketOptions.SOL_SOCKET, SocketOptions.SO_RCVBUF, BEGINNING);
            held = lock(SocketOptions.SOCK_RCVBUF_LOCK);
        }
        passed = 0;
    }

    /** So much more of the answer has passed on to the client. */
    void passed(int bytes) {
        passed += bytes;
        if (held && passed > GROWS) {
            held = !lock(0);
        }
    }
}
