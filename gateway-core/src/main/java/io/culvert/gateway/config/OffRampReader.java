package io.culvert.gateway.config;

import io.culvert.wire.IpAddress;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The off-ramps of a configuration, the built-in ones among them. */
final class OffRampReader {
    private final List<OffRamp> offramps = new ArrayList<>();
    private final Map<String, String> types = new LinkedHashMap<>();

    OffRampReader(List<Section> sections) {
        types.put(OffRamp.SOCKET, "socket");
        types.put(OffRamp.TUNNELS, "tunnels");
        Names names = new Names("off-ramp");
        for (Section section : sections) {
            names.add(section);
            String name = section.text("name").orElse("");
            String type = section.text("type").orElse("");
            if (name.equals(OffRamp.TUNNELS)
                    || (name.equals(OffRamp.SOCKET) && !type.equals("socket"))) {
                section.wrong("name", "the off-ramp \"%s\" is built in".formatted(name));
                continue;
            }
            types.put(name, type);
            if (type.equals("socket")) {
                offramps.add(socket(section, name));
            }
        }
        if (offramps.stream().noneMatch(one -> one.name().equals(OffRamp.SOCKET))) {
            offramps.add(new OffRamp.Socket(OffRamp.SOCKET, Optional.empty(), Optional.empty()));
        }
        offramps.add(new OffRamp.Tunnels(OffRamp.TUNNELS));
    }

    List<OffRamp> offramps() {
        return offramps;
    }

    /** The type of each off-ramp by its name; {@code tunnels} is that of the built-in one. */
    Map<String, String> types() {
        return types;
    }

    private static OffRamp.Socket socket(Section section, String name) {
        Optional<IpAddress> loopback = section.value("host-loopback", InterfaceAddress::parseHost);
        Optional<IpAddress> dns = section.value("dns", InterfaceAddress::parseHost);
        if (dns.isPresent() && dns.equals(loopback)) {
            section.wrong("dns", "dns: the address stands for the host's loopback already");
        }
        return new OffRamp.Socket(name, loopback, dns);
    }
}
