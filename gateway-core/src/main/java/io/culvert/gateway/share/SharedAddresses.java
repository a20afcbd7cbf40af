package io.culvert.gateway.share;

import io.culvert.linux.Conntrack;
import io.culvert.linux.Errno;
import io.culvert.linux.NftChain;
import io.culvert.linux.NftRule;
import io.culvert.linux.Nftables;
import io.culvert.linux.Route;
import io.culvert.linux.Rtnetlink;
import io.culvert.linux.SyscallException;
import io.culvert.nat.PortRange;
import io.culvert.tun.NetworkNamespace;
import io.culvert.tun.TunDevice;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The addresses of one off-ramp that the host has itself, with the part of their ports that is the
 * off-ramp's until this is closed.
 *
 * <p><b>Theory of operation.</b> A packet for an address of the host never gets as far as the
 * routes that lead to the off-ramp's device: the kernel looks up what is its own first. So flows
 * leave the gateway under a stand-in, an address that is on no wire and that the host routes to the
 * device, and the host's connection tracking translates between the two, port by port:
 *
 * <pre>
 *   gateway ──► 192.0.0.32:40007 ──► device ──► host ──► 198.51.100.7:40007 ──► network
 * </pre>
 *
 * Its table of connections is why nobody gets in another's way: it knows the host's own
 * connections, pings and those it masquerades besides ours, answers what belongs to which, puts
 * fragments together before it asks, and translates what ICMP errors quote. A new connection from
 * outside to a port of the range goes to the gateway, which has its own mind about it (filtering).
 * Port and identifier stay as the gateway chose them, unless the host has the same one towards the
 * same destination: then that connection alone gets another one of the range.
 *
 * <p>Of the host itself the range is kept free: sockets that ask for any port get none of it
 * ({@link ReservedPorts}), and a socket that waits in it already is a reason not to start. What has
 * no ports stays the host's, as do echo requests.
 *
 * <p>The translating rules are in a table that belongs to this process and ends with it, however it
 * does; the routes end with the device. What a killed process leaves, reserved ports and tracked
 * connections, is removed when the next gateway starts.
 *
 * <p>Threading: opened and closed by one thread.
 */
public final class SharedAddresses implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SharedAddresses.class);

    /**
     * RFC 6890: nobody may use these of the IETF's own assignments, so nobody misses them; those
     * below and above are given to protocols. And a part of the network that the gateway speaks
     * from where it has no address.
     */
    private static final IpAddress FIRST_4 = IpAddress.parse("192.0.0.32");

    private static final IpAddress FIRST_6 = IpAddress.parse("fd00:c0:1::1:0");
    private static final int STAND_INS = 96;

    /** Before and after others, so that ours are not translated by a rule for everything. */
    private static final int BEFORE_DESTINATIONS = NftChain.DESTINATIONS - 5;

    private static final int BEFORE_SOURCES = NftChain.SOURCES - 5;
    private static final int AFTER_ALL_TRANSLATION = NftChain.SOURCES + 200;

    private final NetworkNamespace namespace;
    private final String device;
    private final List<StandIn> standIns = new ArrayList<>();

    /** Null before and after. */
    private Nftables nftables;

    /** What of the range nobody had reserved before; null before. */
    private PortSet reserved;

    private SharedAddresses(NetworkNamespace namespace, String device) {
        this.namespace = namespace;
        this.device = device;
    }

    /**
     * Finds out which addresses are the host's, and takes the ports.
     *
     * @param namespace the host's; closed with this
     * @param ports empty where the configuration does not say which
     * @param offRamp how errors call it
     * @throws IOException with a sentence for the operator; then nothing has changed
     */
    public static SharedAddresses take(
            NetworkNamespace namespace,
            List<IpAddress> addresses,
            Optional<PortRange> ports,
            TunDevice device,
            String offRamp)
            throws IOException {
        SharedAddresses shared = new SharedAddresses(namespace, device.name());
        try {
            return namespace.call(
                    () -> {
                        shared.take(addresses, ports, device, offRamp);
                        return shared;
                    });
        } catch (IOException | RuntimeException e) {
            shared.close();
            throw e;
        }
    }

    private void take(
            List<IpAddress> addresses, Optional<PortRange> ports, TunDevice on, String offRamp)
            throws IOException {
        try (Rtnetlink rtnetlink = new Rtnetlink()) {
            Map<IpAddress, String> host = hostAddresses(rtnetlink);
            for (IpAddress address : addresses) {
                if (host.containsKey(address)) {
                    PortRange range =
                            ports.orElseThrow(
                                    () -> portsNeeded(address, host.get(address), offRamp));
                    IpAddress inside = lead(rtnetlink, address.isIpv4(), on.index());
                    standIns.add(new StandIn(address, inside, range));
                }
            }
        }
        try {
            nftables = new Nftables();
            new ReservedPorts(nftables).releaseLeftBehind();
            if (!standIns.isEmpty()) {
                forgetConnections();
                nftables.addOwned(ReservedPorts.table(device), chains());
            }
        } catch (SyscallException e) {
            if (standIns.isEmpty()) {
                LOG.debug("Nobody has left ports behind that this process could give back", e);
                return;
            }
            throw new IOException(
                    "%s: %s is an address of this host, and to share it takes Linux 5.12 or later"
                                    .formatted(offRamp, standIns.getFirst().shared())
                            + " with nftables and connection tracking, and CAP_NET_ADMIN: "
                            + e.getMessage(),
                    e);
        }
        if (!standIns.isEmpty()) {
            // First reserved, so that no new socket is given a port of the range meanwhile.
            reserved = new ReservedPorts(nftables).reserve(device, standIns.getFirst().ports());
            for (StandIn standIn : standIns) {
                requireFree(standIn, offRamp);
            }
        }
    }

    private static IOException portsNeeded(IpAddress address, String device, String offRamp) {
        return new IOException(
                ("%s: %s is an address of this host, on %s; say which of its ports the host shall"
                                + " give away to forwarded flows, such as: ports: 40000-49999")
                        .formatted(offRamp, address, device));
    }

    private static void requireFree(StandIn standIn, String offRamp) throws IOException {
        Optional<HostSocket> socket = HostSocket.on(standIn.shared(), standIn.ports());
        if (socket.isPresent()) {
            HostSocket taken = socket.get();
            throw new IOException(
                    ("%s: a process of this host (of user %d) has %s port %d of %s; stop it, or"
                                    + " give the off-ramp other ports than %s")
                            .formatted(
                                    offRamp,
                                    taken.user(),
                                    taken.protocol(),
                                    taken.port(),
                                    standIn.shared(),
                                    standIn.ports()));
        }
    }

    /** Each address of the host's devices, and which device has it. */
    private static Map<IpAddress, String> hostAddresses(Rtnetlink rtnetlink)
            throws SyscallException {
        Map<IpAddress, String> addresses = new HashMap<>();
        for (var link : rtnetlink.links()) {
            for (var address : rtnetlink.addresses(link.index())) {
                addresses.put(IpAddress.of(address.address()), link.name());
            }
        }
        return addresses;
    }

    /** Routes an address to the device that nobody else has a route for. */
    private IpAddress lead(Rtnetlink rtnetlink, boolean ipv4, int index) throws IOException {
        IpAddress first = ipv4 ? FIRST_4 : FIRST_6;
        for (int i = 0; i < STAND_INS; i++) {
            IpAddress inside = new IpAddress(first.high(), first.low() + i);
            try {
                rtnetlink.addRoute(route(inside, index));
                return inside;
            } catch (SyscallException e) {
                if (e.errno() != Errno.EEXIST) {
                    throw e;
                }
            }
        }
        throw new IOException("more than " + STAND_INS + " addresses of the host are shared");
    }

    private static Route route(IpAddress inside, int device) {
        return Route.through(inside.toInetAddress(), inside.isIpv4() ? 32 : 128, device);
    }

    private List<NftChain> chains() {
        List<NftRule> inwards = new ArrayList<>();
        List<NftRule> fromHost = new ArrayList<>();
        for (StandIn standIn : standIns) {
            for (int protocol : new int[] {IpProtocol.TCP, IpProtocol.UDP}) {
                inwards.add(standIn.exception(protocol));
                inwards.add(standIn.inwards(protocol));
                fromHost.add(standIn.inwards(protocol));
            }
        }
        List<NftRule> guards = rules(standIn -> List.of(standIn.guard(device)));
        return List.of(
                new NftChain(
                        "inwards",
                        true,
                        NftChain.Place.BEFORE_ROUTING,
                        BEFORE_DESTINATIONS,
                        inwards),
                new NftChain(
                        "from-host",
                        true,
                        NftChain.Place.FROM_THIS_HOST,
                        BEFORE_DESTINATIONS,
                        fromHost),
                new NftChain(
                        "outwards",
                        true,
                        NftChain.Place.AFTER_ROUTING,
                        BEFORE_SOURCES,
                        rules(SharedAddresses::outwards)),
                new NftChain(
                        "to-host",
                        true,
                        NftChain.Place.TO_THIS_HOST,
                        BEFORE_SOURCES,
                        rules(SharedAddresses::outwards)),
                new NftChain(
                        "guard",
                        false,
                        NftChain.Place.AFTER_ROUTING,
                        AFTER_ALL_TRANSLATION,
                        guards));
    }

    private List<NftRule> rules(Function<StandIn, List<NftRule>> ofEach) {
        return standIns.stream().map(ofEach).flatMap(List::stream).toList();
    }

    private static List<NftRule> outwards(StandIn standIn) {
        return List.of(
                standIn.outwards(IpProtocol.TCP),
                standIn.outwards(IpProtocol.UDP),
                standIn.outwards(standIn.ping()));
    }

    /** Which address flows leave the gateway under instead of which. */
    public Map<IpAddress, IpAddress> standIns() {
        return standIns.stream().collect(Collectors.toMap(StandIn::shared, StandIn::inside));
    }

    private void forgetConnections() throws SyscallException {
        Set<InetAddress> insides =
                standIns.stream()
                        .map(standIn -> standIn.inside().toInetAddress())
                        .collect(Collectors.toSet());
        try (Conntrack conntrack = new Conntrack()) {
            int forgotten = conntrack.forget(insides);
            LOG.debug("{} tracked connections of {} forgotten", forgotten, device);
        }
    }

    /** Gives the ports back. What is still under way ends. */
    @Override
    public void close() {
        try {
            namespace.call(
                    () -> {
                        giveBack();
                        return this;
                    });
        } catch (IOException e) {
            LOG.warn("Ports of {} could not be given back to the host", device, e);
        } finally {
            namespace.close();
        }
    }

    private void giveBack() throws IOException {
        if (nftables != null) {
            try {
                if (reserved != null) {
                    new ReservedPorts(nftables).release(device, reserved);
                }
            } finally {
                // With it goes its table, and only then no connection is translated anew.
                nftables.close();
                nftables = null;
            }
        }
        if (!standIns.isEmpty()) {
            forgetConnections();
            deleteRoutes();
            standIns.clear();
        }
    }

    /** They would end with the device, but a persistent one does not end. */
    private void deleteRoutes() throws SyscallException {
        try (Rtnetlink rtnetlink = new Rtnetlink()) {
            int index = rtnetlink.index(device);
            for (StandIn standIn : standIns) {
                rtnetlink.deleteRoute(route(standIn.inside(), index));
            }
        }
    }
}
