package io.culvert.gateway;

import io.culvert.hook.Reason;
import io.culvert.linux.Errno;
import io.culvert.nat.Endpoints;
import io.culvert.upgrade.Poller;

import java.io.UncheckedIOException;
import java.time.Duration;

/**
 * A connection of which a header of the PROXY protocol is awaited. Nothing is taken out of its
 * socket before the header is whole, and nothing behind it ever.
 *
 * <p>Confined to one worker.
 */
final class AwaitedPreface {
    /** The protocol's own document wants the header at once; a segment that is lost comes again. */
    static final Duration PATIENCE = Duration.ofSeconds(5);

    private final Reception reception;
    private final TcpEntrance entrance;
    private final int socket;
    private final Endpoints own;
    private final long deadlineNanos;
    private Poller.Watch watch;

    /**
     * @param own who are connected on the wire
     */
    AwaitedPreface(
            Reception reception, TcpEntrance entrance, int socket, Endpoints own, long nowNanos) {
        this.reception = reception;
        this.entrance = entrance;
        this.socket = socket;
        this.own = own;
        deadlineNanos = nowNanos + PATIENCE.toNanos();
    }

    TcpEntrance entrance() {
        return entrance;
    }

    boolean isLate(long nowNanos) {
        return nowNanos - deadlineNanos >= 0;
    }

    /** Looks at what there is, and waits for what there is not. */
    void start(Poller poller) {
        if (look()) {
            return;
        }
        try {
            watch =
                    poller.watch(
                            socket,
                            Poller.IN | Poller.PEER_CLOSED | Poller.EDGE,
                            events -> {
                                boolean _ = look();
                            });
        } catch (UncheckedIOException noWatch) {
            refuse(Reason.DESCRIPTORS_EXHAUSTED);
        }
    }

    /** Whether it is over. */
    private boolean look() {
        int read = reception.peek(socket);
        if (Errno.EAGAIN.is(read)) {
            return false;
        }
        int length = read <= 0 ? ProxyPreface.NONE : ProxyPreface.length(reception.peeked());
        if (length == ProxyPreface.MORE) {
            return false;
        }
        Endpoints ends =
                length == ProxyPreface.NONE
                        ? null
                        : ProxyPreface.read(reception.take(socket, length), own);
        if (ends == null) {
            refuse(Reason.PROXY_HEADER);
        } else {
            leave();
            entrance.open(socket, ends);
        }
        return true;
    }

    private void leave() {
        reception.awaitedNoMore(this);
        if (watch != null) {
            watch.cancel();
        }
    }

    /** Resets the connection. */
    void refuse(Reason reason) {
        leave();
        reception.refuse(entrance.port(), socket, entrance.taken(own), reason);
    }
}
