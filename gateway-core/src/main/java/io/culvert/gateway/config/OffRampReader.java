package io.culvert.gateway.config;

import io.culvert.gateway.config.Section.Located;
import io.culvert.nat.Filtering;
import io.culvert.nat.MappingSettings;
import io.culvert.nat.PortRange;
import io.culvert.wire.IpAddress;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** The off-ramps of a configuration, the built-in ones among them. */
final class OffRampReader {
    /** RFC 6056 section 3.2: as many as can be. */
    private static final PortRange DEFAULT_PORTS = new PortRange(1_024, 65_535);

    /** How {@link Filtering} is written. */
    private static final List<String> WORDS =
            Arrays.stream(Filtering.values())
                    .map(one -> one.name().toLowerCase(Locale.ROOT).replace('_', '-'))
                    .toList();

    private final Map<IpAddress, List<Outside>> outside = new HashMap<>();
    private final List<OffRamp> offramps = new ArrayList<>();
    private final Map<String, String> types = new LinkedHashMap<>();

    /** Where an address is given, and with which ports. */
    private record Outside(Position position, boolean portsGiven, PortRange ports) {
        /** Two off-ramps may have parts of one address of the host. */
        boolean excludes(Outside other) {
            return !portsGiven || !other.portsGiven || ports.overlaps(other.ports);
        }
    }

    OffRampReader(List<Section> sections) {
        types.put(OffRamp.SOCKET, "socket");
        types.put(OffRamp.TUNNELS, "tunnels");
        Names names = new Names("off-ramp");
        for (Section section : sections) {
            names.add(section);
            String name = section.text("name").orElse("");
            String type = section.text("type").orElse("");
            if ((name.equals(OffRamp.TUNNELS) && !type.equals("tunnels"))
                    || (name.equals(OffRamp.SOCKET) && !type.equals("socket"))) {
                section.wrong("name", "the off-ramp \"%s\" is built in".formatted(name));
                continue;
            }
            if (type.equals("tunnels") && !name.equals(OffRamp.TUNNELS)) {
                section.wrong("name", "the off-ramp of type tunnels has the name \"tunnels\"");
                continue;
            }
            types.put(name, type);
            switch (type) {
                case "socket" -> offramps.add(socket(section, name));
                case "device" -> offramps.add(device(section, name));
                case "tunnels" -> offramps.add(new OffRamp.Tunnels(name, sources(section)));
                default -> {}
            }
        }
        if (offramps.stream().noneMatch(one -> one.name().equals(OffRamp.SOCKET))) {
            offramps.add(new OffRamp.Socket(OffRamp.SOCKET, Optional.empty(), Optional.empty()));
        }
        if (offramps.stream().noneMatch(OffRamp.Tunnels.class::isInstance)) {
            offramps.add(new OffRamp.Tunnels(OffRamp.TUNNELS));
        }
    }

    List<OffRamp> offramps() {
        return offramps;
    }

    /** The type of each off-ramp by its name; {@code tunnels} is that of the built-in one. */
    Map<String, String> types() {
        return types;
    }

    private OffRamp.Device device(Section section, String name) {
        String device = section.value("device", InterfaceName::check).orElse("");
        List<Located<IpAddress>> addresses =
                section.located("addresses", InterfaceAddress::parseHost);
        if (section.isEmptyList("addresses")) {
            section.wrong("addresses", "addresses: at least one is needed");
        }
        PortRange ports = ports(section);
        addresses.forEach(one -> claim(section, one, ports));
        int perTenant = section.number("ports-per-tenant", MappingSettings.SHARED);
        if (perTenant > ports.size()) {
            section.wrong(
                    "ports-per-tenant",
                    "ports-per-tenant must be at most %d, as many as there are ports, not %d"
                            .formatted(ports.size(), perTenant));
            perTenant = MappingSettings.SHARED;
        }
        boolean ipv6 = addresses.stream().anyMatch(one -> !one.value().isIpv4());
        return new OffRamp.Device(
                name,
                device,
                OnRampReader.mtu(section, ipv6, OnRamp.Tun.DEFAULT_MTU),
                addresses.isEmpty() ? null : settings(section, addresses, ports, perTenant),
                section.has("ports"),
                section.position("addresses").line());
    }

    private static PortRange ports(Section section) {
        PortRange ports =
                section.values("ports", PortRange::parse).stream()
                        .findFirst()
                        .orElse(DEFAULT_PORTS);
        if (ports.size() < 2) {
            section.wrong("ports", "ports: two at least are needed, an even and an odd one");
            return DEFAULT_PORTS;
        }
        return ports;
    }

    private void claim(Section section, Located<IpAddress> address, PortRange ports) {
        Outside outside = new Outside(address.position(), section.has("ports"), ports);
        List<Outside> others =
                this.outside.computeIfAbsent(address.value(), _ -> new ArrayList<>());
        others.stream()
                .filter(outside::excludes)
                .findFirst()
                .ifPresent(
                        first ->
                                section.wrong(
                                        address.position(),
                                        "addresses: %s is given already, on line %d"
                                                .formatted(
                                                        address.value(), first.position().line())));
        others.add(outside);
    }

    private static MappingSettings settings(
            Section section, List<Located<IpAddress>> addresses, PortRange ports, int perTenant) {
        Filtering filtering =
                Filtering.valueOf(
                        section.text("filtering")
                                .filter(WORDS::contains)
                                .orElse(WORDS.getLast())
                                .toUpperCase(Locale.ROOT)
                                .replace('-', '_'));
        return new MappingSettings(
                addresses.stream().map(Located::value).distinct().toList(),
                ports,
                perTenant,
                filtering,
                section.value("hold-down", text -> Quantity.duration(text, "0s", "1h"))
                        .orElse(MappingSettings.HOLD_DOWN));
    }

    private static List<IpAddress> sources(Section section) {
        List<IpAddress> sources = new ArrayList<>();
        for (Located<IpAddress> one : section.located("source", InterfaceAddress::parseHost)) {
            if (sources.stream().anyMatch(other -> other.isIpv4() == one.value().isIpv4())) {
                section.wrong(
                        one.position(), "source: one address of each version of IP, not several");
            }
            sources.add(one.value());
        }
        return List.copyOf(sources);
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
