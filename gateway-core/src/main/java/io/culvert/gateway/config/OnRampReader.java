package io.culvert.gateway.config;

import io.culvert.gateway.config.Section.Located;
import io.culvert.wire.Prefix;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** The on-ramps of a configuration, and what must hold between them. */
final class OnRampReader {
    // RFC 8200 §5.
    private static final int LEAST_IPV6_MTU = 1280;

    private static final String LOOPBACK = "lo";

    /** unix(7): sun_path has 108 bytes, the last of which is zero. */
    private static final int LONGEST_SOCKET_PATH = 107;

    /** The schema says what is wrong with another. */
    private static final Predicate<String> MODE = Pattern.compile("0?[0-7]{3}").asMatchPredicate();

    private record Device(Optional<Path> netns, String name) {}

    private record Captured(Section section, Position position) {}

    private final List<OnRamp> onramps = new ArrayList<>();
    private final Names names = new Names("on-ramp");
    private final Set<String> tenants = new LinkedHashSet<>();
    private final Map<Device, Position> devices = new HashMap<>();
    private final Map<Device, Captured> captured = new HashMap<>();
    private final Map<Path, Position> sockets = new HashMap<>();
    private final RouteOwners routes = new RouteOwners();
    private final GueReader gue = new GueReader(routes);
    private final Networks networks = new Networks();
    private final GreReader gre = new GreReader(routes);
    private final TcpReader tcp = new TcpReader();
    private final Set<String> ofPackets = new HashSet<>();
    private boolean tenantsAreKnown;

    OnRampReader(List<Section> sections) {
        tenantsAreKnown = !sections.isEmpty();
        for (Section section : sections) {
            names.add(section);
            section.value("tenant", Names::check).ifPresent(tenants::add);
            switch (section.text("type").orElse("")) {
                case "tun" -> {
                    OnRamp.Tun ramp = tun(section);
                    ofPackets.add(ramp.tenant());
                    onramps.add(ramp);
                }
                case "seqpacket" -> {
                    onramps.add(seqpacket(section));
                    // Each tunnel says whose it is.
                    tenantsAreKnown = false;
                }
                case "gue" -> {
                    OnRamp.Gue onRamp = gue.read(section);
                    onramps.add(onRamp);
                    for (OnRamp.Gue.Peer peer : onRamp.peers()) {
                        peer.tenant().ifPresent(tenants::add);
                        peer.tenant().ifPresent(ofPackets::add);
                        // Without one, each packet says whose it is.
                        tenantsAreKnown &= peer.tenant().isPresent();
                    }
                }
                case "gre" -> {
                    OnRamp.Gre ramp = gre.read(section);
                    ramp.peers().stream()
                            .map(OnRamp.GrePeer::tenant)
                            .filter(tenant -> !tenant.isEmpty())
                            .forEach(tenants::add);
                    ramp.peers().forEach(peer -> ofPackets.add(peer.tenant()));
                    onramps.add(ramp);
                }
                case "tcp" -> {
                    OnRamp.Tcp ramp = tcp.read(section);
                    tenants.add(ramp.tenant());
                    onramps.add(ramp);
                }
                default -> tenantsAreKnown = false;
            }
        }
        networks.check();
        devices.forEach((device, position) -> refuseCapture(device, "on-ramp", position));
    }

    List<OnRamp> onramps() {
        return onramps;
    }

    /** Every tenant there can be; empty when that is not known before packets come. */
    Optional<Set<String>> tenants() {
        return tenantsAreKnown ? Optional.of(tenants) : Optional.empty();
    }

    /** Tenants of which every flow is a connection that was accepted, when that is known. */
    Set<String> tenantsWithoutPackets() {
        Set<String> without = new HashSet<>(tenantsAreKnown ? tenants : Set.of());
        without.removeAll(ofPackets);
        return without;
    }

    private OnRamp.Tun tun(Section section) {
        String tenant = section.text("tenant").orElse("");
        Optional<Path> netns = section.value("netns", OnRampReader::namespace);
        String device = section.value("device", InterfaceName::check).orElse("");
        if (!device.isEmpty()) {
            Position first =
                    devices.putIfAbsent(new Device(netns, device), section.position("device"));
            if (first != null) {
                section.wrong(
                        "device",
                        "the device \"%s\" belongs to the on-ramp on line %d"
                                .formatted(device, first.line()));
            }
        }
        List<Located<InterfaceAddress>> addresses =
                section.located("addresses", OnRampReader::address);
        addresses.forEach(one -> networks.add(section, netns, one));
        List<Located<String>> captured = section.located("capture", InterfaceName::check);
        captured.forEach(one -> capture(section, netns, one));
        List<Located<Prefix>> prefixes = section.located("routes", InterfaceAddress::parsePrefix);
        prefixes.forEach(one -> routes.add(section, tenant, one));
        boolean ipv6 =
                addresses.stream().anyMatch(one -> !one.value().address().isIpv4())
                        || prefixes.stream().anyMatch(one -> !one.value().address().isIpv4());
        int mtu = mtu(section, ipv6, OnRamp.Tun.DEFAULT_MTU);
        boolean strictSource = section.flag("strict-source", false);
        if (strictSource && addresses.isEmpty() && prefixes.isEmpty()) {
            section.wrong(
                    "strict-source",
                    "strict-source needs routes or addresses, or no packet may come in");
        }
        return new OnRamp.Tun(
                section.text("name").orElse(""),
                tenant,
                device,
                mtu,
                netns,
                addresses.stream().map(Located::value).toList(),
                captured.stream().map(Located::value).toList(),
                prefixes.stream().map(Located::value).toList(),
                strictSource);
    }

    private void capture(Section section, Optional<Path> netns, Located<String> captured) {
        String name = captured.value();
        if (name.equals(LOOPBACK)) {
            section.wrong(
                    captured.position(),
                    "capture: what the host itself sends arrives on lo, the gateway's own packets"
                            + " too; name the interfaces that others' packets arrive on");
        }
        Captured first =
                this.captured.putIfAbsent(
                        new Device(netns, name), new Captured(section, captured.position()));
        if (first != null) {
            section.wrong(
                    captured.position(),
                    "capture: \"%s\" is captured already, on line %d"
                            .formatted(name, first.position().line()));
        }
    }

    /** What comes out of a device of the gateway's own would go round. */
    private void refuseCapture(Device device, String ramp, Position of) {
        Captured one = captured.get(device);
        if (one != null) {
            one.section()
                    .wrong(
                            one.position(),
                            "capture: \"%s\" is the device of the %s on line %d"
                                    .formatted(device.name(), ramp, of.line()));
        }
    }

    /** No on-ramp captures the device of an off-ramp, which is in the gateway's own namespace. */
    void refuseCapture(Section offRamp) {
        offRamp.text("device")
                .ifPresent(
                        name ->
                                refuseCapture(
                                        new Device(Optional.empty(), name),
                                        "off-ramp",
                                        offRamp.position("device")));
    }

    private OnRamp.Seqpacket seqpacket(Section section) {
        Optional<Path> path = section.value("path", OnRampReader::socket);
        path.ifPresent(
                one -> {
                    Position first = sockets.putIfAbsent(one, section.position("path"));
                    if (first != null) {
                        section.wrong(
                                "path",
                                "the path %s belongs to the on-ramp on line %d"
                                        .formatted(Printable.of(one.toString()), first.line()));
                    }
                });
        int tunnels = section.number("tunnels", OnRamp.Seqpacket.DEFAULT_TUNNELS);
        return new OnRamp.Seqpacket(
                section.text("name").orElse(""),
                path.orElse(Path.of("")),
                Integer.parseInt(section.text("mode").filter(MODE).orElse("660"), 8),
                section.value("grace", text -> Quantity.duration(text, "0s", "1h"))
                        .orElse(OnRamp.Seqpacket.DEFAULT_GRACE),
                section.flag("strict-source", true),
                tunnels,
                Math.min(tunnels, section.number("tunnels-per-user", tunnels)),
                section.text("context").orElse("text").equals("hook"));
    }

    private static Path socket(String text) {
        Path path = Path.of(text);
        if (!path.isAbsolute()) {
            throw new IllegalArgumentException(
                    "\"" + text + "\" is not an absolute path such as /run/culvert/warp.sock");
        }
        if (text.getBytes(StandardCharsets.UTF_8).length > LONGEST_SOCKET_PATH) {
            throw new IllegalArgumentException(
                    "a socket's path has at most " + LONGEST_SOCKET_PATH + " bytes");
        }
        return path;
    }

    /** The longest packet of a section's device or peer. */
    static int mtu(Section section, boolean ipv6, int otherwise) {
        int mtu = section.number("mtu", otherwise);
        if (ipv6 && mtu >= 576 && mtu < LEAST_IPV6_MTU) {
            section.wrong(
                    "mtu",
                    "mtu must be at least %d where there is IPv6 (RFC 8200 section 5), not %d"
                            .formatted(LEAST_IPV6_MTU, mtu));
        }
        return mtu;
    }

    private static InterfaceAddress address(String text) {
        InterfaceAddress address = InterfaceAddress.parse(text);
        int slash = text.indexOf('/');
        InterfaceAddress.parseHost(slash < 0 ? text : text.substring(0, slash));
        return address;
    }

    private static Path namespace(String text) {
        Path path = Path.of(text);
        if (!path.isAbsolute()) {
            throw new IllegalArgumentException(
                    "\"" + text + "\" is not an absolute path such as /run/netns/branch");
        }
        return path;
    }
}
