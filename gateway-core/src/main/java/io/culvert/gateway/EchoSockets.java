package io.culvert.gateway;

import io.culvert.upgrade.EchoSocket;

/** How echo requests can be sent from this process, for either family. */
record EchoSockets(EchoSocket ipv4, EchoSocket ipv6) {
    static EchoSockets probe() {
        return new EchoSockets(EchoSocket.probe(false), EchoSocket.probe(true));
    }

    boolean incomplete() {
        return ipv4 == EchoSocket.UNAVAILABLE || ipv6 == EchoSocket.UNAVAILABLE;
    }
}
