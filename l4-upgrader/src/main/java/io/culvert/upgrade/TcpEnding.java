package io.culvert.upgrade;

import io.culvert.wire.TcpHeader;

/**
 * Whether a connection between the kernel and a peer is over for both, by the segments that pass
 * between them: each has acknowledged the other's FIN, or one has sent a RST (RFC 9293 section
 * 3.6). The socket does not say, for it is closed before that.
 *
 * <p>Confined to one worker.
 */
final class TcpEnding {
    private final End kernel = new End();
    private final End peer = new End();
    private boolean reset;

    /** One side's FIN. */
    private static final class End {
        private boolean sent;
        private boolean acknowledged;

        /** The acknowledgment number that it asks for. */
        private int number;

        private void sent(TcpHeader tcp) {
            int end = tcp.sequenceNumber() + tcp.payloadLength() + 1;
            // A repeated one asks for nothing new.
            acknowledged &= sent && end == number;
            sent = true;
            number = end;
        }

        private void acknowledged(TcpHeader tcp) {
            // RFC 9293 section 3.4: sequence numbers compare modulo 2^32.
            acknowledged |= sent && tcp.acknowledgmentNumber() - number >= 0;
        }
    }

    /** A segment of the kernel's has passed, which is always believed. */
    void fromKernel(TcpHeader tcp) {
        passed(tcp, kernel, peer);
        reset |= tcp.rst();
    }

    /** A segment of the peer's has passed; of a reset the kernel knows whether to believe it. */
    void fromPeer(TcpHeader tcp) {
        passed(tcp, peer, kernel);
    }

    private static void passed(TcpHeader tcp, End from, End to) {
        if (tcp.ack() && to.sent) {
            to.acknowledged(tcp);
        }
        if (tcp.fin()) {
            from.sent(tcp);
        }
    }

    /** A reset was believed, or nothing can come any more. */
    void over() {
        reset = true;
    }

    /** Whether both have sent their last, acknowledged or not. */
    boolean bothClosed() {
        return kernel.sent && peer.sent;
    }

    boolean isOver() {
        return reset || (kernel.acknowledged && peer.acknowledged);
    }
}
