package io.culvert.gateway;

import io.culvert.gateway.policy.Proxying;
import io.culvert.hook.Reason;
import io.culvert.linux.Errno;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.Syscall;
import io.culvert.upgrade.Poller;
import io.culvert.upgrade.TakenConnection;
import io.culvert.upgrade.Takeover;
import io.netty.channel.Channel;
import io.netty.util.concurrent.Future;

import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;

/**
 * Gives a flow's connection to the HTTP proxy, once its first byte says whether it begins with TLS.
 * TLS that is to pass is relayed to the flow's own target instead, as it is.
 *
 * <p>Confined to the worker that owns the flow, but for {@link #state}.
 */
final class HttpTakeover implements Takeover {
    /** The type of a TLS record that begins a handshake (RFC 8446 section 5.1). */
    private static final byte TLS_HANDSHAKE = 22;

    private final WebHandlers handlers;
    private final WebHandlers.WebFlow flow;
    private final Poller poller;
    private final ConnectionChannel channel = new ConnectionChannel();
    private final ByteBuffer first = NativeMemory.allocate(1);
    private TakenConnection connection;
    private Future<?> alarm;

    /** Whether the first byte was seen: what follows while the target is dialed is no other. */
    private boolean begun;

    HttpTakeover(WebHandlers handlers, WebHandlers.WebFlow flow, Poller poller) {
        this.handlers = handlers;
        this.flow = flow;
        this.poller = poller;
    }

    @Override
    public boolean answersFirst() {
        return true;
    }

    @Override
    public void take(TakenConnection taken) {
        connection = taken;
        alarm =
                poller.loop()
                        .schedule(
                                () -> connection.reset(Reason.HTTP_TIMEOUT),
                                handlers.headerTimeout().toNanos(),
                                TimeUnit.NANOSECONDS);
        connection.watch(this::ready, _ -> {});
    }

    private void ready(int events) {
        if (begun) {
            return;
        }
        int read =
                Syscall.recv(
                        connection.initiator(), NativeMemory.address(first), 1, Syscall.MSG_PEEK);
        if (Errno.EAGAIN.is(read)) {
            return;
        }
        begun = true;
        alarm.cancel(false);
        if (read <= 0) {
            // It has said nothing, and never will.
            connection.leave(Reason.FINISHED);
            return;
        }
        begin(first.get(0) == TLS_HANDSHAKE ? handlers.tls(flow.proxying()) : null);
    }

    /**
     * @param tls what is done with the connection's TLS; {@code null} where it has none
     */
    private void begin(Proxying.Tls tls) {
        if (tls == Proxying.Tls.PASS) {
            connection.dial(this::dialed);
            return;
        }
        Channel client = channel.open(connection, poller);
        if (client == null) {
            return;
        }
        handlers.accept(client, flow, tls);
    }

    private void dialed(Reason failure) {
        if (failure == null) {
            connection.relay();
        } else {
            connection.reset(failure);
        }
    }

    @Override
    public void ended(Reason reason) {
        alarm.cancel(false);
        channel.close();
    }

    @Override
    public boolean hasReadEnd() {
        return channel.hasReadEnd();
    }

    @Override
    public String state() {
        return "http";
    }

    @Override
    public long bytesUp() {
        return channel.bytesUp();
    }

    @Override
    public long bytesDown() {
        return channel.bytesDown();
    }

    @Override
    public void over() {}
}
