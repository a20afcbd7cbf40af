package io.culvert.gateway;

import io.culvert.gateway.config.OnRamp;
import io.culvert.gateway.forward.TunnelPort;
import io.culvert.gateway.policy.AddressSet;
import io.culvert.hook.Reason;
import io.culvert.linux.Fd;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.nat.Endpoints;
import io.culvert.upgrade.HostListener;
import io.culvert.wire.IpAddress;

import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * One worker's part of an on-ramp of type {@code tcp}: its listeners, and what is done with those
 * who come.
 *
 * <p>Confined to the worker.
 */
final class TcpEntrance {
    private final Reception reception;
    private final TunnelPort port;
    private final Map<InetSocketAddress, HostListener> listeners = new HashMap<>();
    private OnRamp.Tcp settings;
    private AddressSet trusted;

    TcpEntrance(Reception reception, TunnelPort port, OnRamp.Tcp settings) {
        this.reception = reception;
        this.port = port;
        become(settings);
    }

    /** Who comes from now on is treated so. */
    void become(OnRamp.Tcp next) {
        settings = next;
        trusted = new AddressSet(next.trusted());
    }

    TunnelPort port() {
        return port;
    }

    /**
     * Accepts there from now on.
     *
     * @param socket listens; closed with the entrance
     */
    void listen(InetSocketAddress address, Fd socket) {
        HostListener listener = new HostListener(socket, this::accepted);
        listeners.put(address, listener);
        listener.start(reception.poller());
    }

    /** Accepts at none but those any more. */
    void retain(Set<InetSocketAddress> addresses) {
        listeners
                .entrySet()
                .removeIf(
                        each -> {
                            boolean goes = !addresses.contains(each.getKey());
                            if (goes) {
                                each.getValue().close();
                            }
                            return goes;
                        });
    }

    private void accepted(int socket, SocketAddressBuffer peer, SocketAddressBuffer local) {
        Endpoints own =
                new Endpoints(
                        peer.addressHigh(),
                        peer.addressLow(),
                        peer.port(),
                        local.addressHigh(),
                        local.addressLow(),
                        local.port());
        if (!settings.hasProxyProtocol()) {
            open(socket, own);
        } else if (trusted.contains(own.sourceHigh(), own.sourceLow())) {
            reception.await(this, socket, own);
        } else {
            reception.refuse(port, socket, taken(own), Reason.PROXY_UNTRUSTED);
        }
    }

    /**
     * A connection that may be a flow.
     *
     * @param ends who it is from, and where it arrived
     */
    void open(int socket, Endpoints ends) {
        reception.open(port, socket, taken(ends));
    }

    /** The same, to whom it is taken to be. */
    Endpoints taken(Endpoints ends) {
        if (settings.target().isEmpty()) {
            return ends;
        }
        InetSocketAddress target = settings.target().get();
        IpAddress address = IpAddress.of(target.getAddress());
        return new Endpoints(
                ends.sourceHigh(),
                ends.sourceLow(),
                ends.sourcePort(),
                address.high(),
                address.low(),
                target.getPort());
    }

    /**
     * Accepts again where there was no room for more.
     *
     * @return listeners that did not
     */
    int resume() {
        int paused = 0;
        for (HostListener each : listeners.values()) {
            if (each.isPaused()) {
                paused++;
                each.resume();
            }
        }
        return paused;
    }

    /** Accepts nobody any more. */
    void close() {
        retain(Set.of());
        reception.remove(this);
    }
}
