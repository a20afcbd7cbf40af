package io.culvert.gateway.config;

import io.culvert.gateway.config.OnRamp.Tcp.ProxyProtocol;
import io.culvert.gateway.config.Section.Located;
import io.culvert.wire.Prefix;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The on-ramps of type {@code tcp}, and what must hold between them. */
final class TcpReader {
    private final List<Located<SocketAddress>> listening = new ArrayList<>();

    OnRamp.Tcp read(Section section) {
        List<Located<SocketAddress>> listen = section.located("listen", SocketAddress::parse);
        listen.forEach(one -> listen(section, one));
        if (section.isEmptyList("listen")) {
            section.wrong("listen", "there is no address to listen on");
        }
        ProxyProtocol proxyProtocol =
                section.text("proxy-protocol").orElse("off").equals("required")
                        ? ProxyProtocol.REQUIRED
                        : ProxyProtocol.OFF;
        List<Prefix> trusted = section.values("trusted", InterfaceAddress::parsePrefix);
        if (proxyProtocol == ProxyProtocol.OFF && section.has("trusted")) {
            section.warnKey(
                    "trusted",
                    "trusted is for those who say whose connections they bring, with"
                            + " \"proxy-protocol: required\"");
        }
        if (proxyProtocol == ProxyProtocol.REQUIRED
                && trusted.isEmpty()
                && (!section.has("trusted") || section.isEmptyList("trusted"))) {
            section.wrongKey(
                    "proxy-protocol",
                    "with \"proxy-protocol: required\", trusted names who may say whose connections"
                            + " they bring");
        }
        return new OnRamp.Tcp(
                section.text("name").orElse(""),
                section.value("tenant", Names::check).orElse(""),
                listen.stream().map(one -> one.value().toInetSocketAddress()).toList(),
                proxyProtocol,
                trusted,
                section.value("target", TcpReader::target).map(SocketAddress::toInetSocketAddress));
    }

    private static SocketAddress target(String text) {
        SocketAddress target = SocketAddress.parse(text);
        if (!target.address().isOneHost()) {
            throw new IllegalArgumentException(
                    "%s is not the address of one host".formatted(target));
        }
        return target;
    }

    private void listen(Section section, Located<SocketAddress> address) {
        Optional<Located<SocketAddress>> other =
                listening.stream().filter(one -> one.value().overlaps(address.value())).findFirst();
        if (other.isPresent()) {
            section.wrong(
                    address.position(),
                    "listen: %s overlaps %s on line %d"
                            .formatted(
                                    address.value(),
                                    other.get().value(),
                                    other.get().position().line()));
        } else {
            listening.add(address);
        }
    }
}
