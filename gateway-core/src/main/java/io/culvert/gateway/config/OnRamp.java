package io.culvert.gateway.config;

import io.culvert.wire.IpAddress;
import io.culvert.wire.Prefix;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Where packets come in, or connections. */
public sealed interface OnRamp {
    /** Unique among the on-ramps. */
    String name();

    /** Whether plugins say whose its tunnels are. */
    default boolean asksPlugins() {
        return false;
    }

    /**
     * Packets that the kernel routes into a TUN device.
     *
     * @param tenant who the packets belong to
     * @param device the interface's name; made if absent, attached to if it exists
     * @param mtu bytes, 576 to 65535
     * @param netns the namespace to make the device in; the gateway's own when empty
     * @param addresses the device's own
     * @param capture interfaces whose arriving packets are led into the device
     * @param routes prefixes reached through it
     * @param strictSource whether packets may come from {@code routes} and the networks of {@code
     *     addresses} alone
     */
    record Tun(
            String name,
            String tenant,
            String device,
            int mtu,
            Optional<Path> netns,
            List<InterfaceAddress> addresses,
            List<String> capture,
            List<Prefix> routes,
            boolean strictSource)
            implements OnRamp {
        public static final int DEFAULT_MTU = 1500;

        public Tun {
            addresses = List.copyOf(addresses);
            capture = List.copyOf(capture);
            routes = List.copyOf(routes);
        }

        /** Whether an address or a route is of IPv6. */
        public boolean hasIpv6() {
            return addresses.stream().anyMatch(one -> !one.address().isIpv4())
                    || routes.stream().anyMatch(one -> !one.address().isIpv4());
        }
    }

    /**
     * Tunnels over connections to a Unix socket.
     *
     * @param path where it is made
     * @param mode its permissions, nine bits
     * @param grace how long the flows of a tunnel wait for it to come back
     * @param strictSource whether a tunnel that has routes may send from them alone
     * @param tunnels that live at once, with those that may come back
     * @param tunnelsPerUser those among them of one user, at most {@code tunnels}
     * @param asksPlugins whether plugins read its tunnels' contexts, which else are text
     */
    record Seqpacket(
            String name,
            Path path,
            int mode,
            Duration grace,
            boolean strictSource,
            int tunnels,
            int tunnelsPerUser,
            boolean asksPlugins)
            implements OnRamp {
        public static final Duration DEFAULT_GRACE = Duration.ofMinutes(1);
        public static final int DEFAULT_TUNNELS = 10_000;
    }

    /**
     * Tunnels in UDP, Generic UDP Encapsulation.
     *
     * @param listen where packets come in, no address twice
     * @param peers who may send; of several whose addresses overlap the one with fewest
     * @param strictSource whether a tunnel that has routes may send from them alone
     * @param idle how long a tunnel that a packet has named lives without another packet
     * @param sourcePorts how many ports to send from; 0 for the one that is listened on
     * @param zeroChecksums whether datagrams over IPv6 may lack a checksum (RFC 6935)
     */
    record Gue(
            String name,
            List<InetSocketAddress> listen,
            List<Peer> peers,
            Context context,
            boolean strictSource,
            Duration idle,
            int sourcePorts,
            boolean zeroChecksums)
            implements OnRamp {
        /** As long as an established TCP connection may be silent: RFC 5382 REQ-5. */
        public static final Duration DEFAULT_IDLE = Duration.ofMinutes(124);

        public Gue {
            listen = List.copyOf(listen);
            peers = List.copyOf(peers);
        }

        /** What says whose a packet is. */
        public enum Context {
            /** The outer address that it came from. */
            PEER,
            /** Text in the private data of its header. */
            TEXT,
            /** The private data of its header, which plugins read. */
            HOOK
        }

        /** Whether packets say themselves whose they are. */
        public boolean isNamedByPackets() {
            return context != Context.PEER;
        }

        @Override
        public boolean asksPlugins() {
            return context == Context.HOOK;
        }

        /**
         * Who may send.
         *
         * @param from outer addresses
         * @param tenant who the packets belong to; where packets say it themselves, empty for any
         * @param routes prefixes reached there; where packets say it themselves, those that they
         *     may name
         * @param port that packets are sent to, whatever port they come from
         * @param mtu bytes of the longest packet, if the path takes as many
         */
        public record Peer(
                Prefix from, Optional<String> tenant, List<Prefix> routes, int port, int mtu) {
            public static final int DEFAULT_PORT = 6_080;
            public static final int MOST_MTU = 65_535;

            public Peer {
                routes = List.copyOf(routes);
            }
        }
    }

    /**
     * Tunnels in GRE.
     *
     * @param listen the address that packets come to and leave from
     * @param peers a tunnel each, of the same family
     */
    record Gre(String name, IpAddress listen, List<GrePeer> peers) implements OnRamp {
        public Gre {
            peers = List.copyOf(peers);
        }
    }

    /**
     * TCP connections that the host's kernel accepts.
     *
     * @param tenant who they belong to
     * @param listen where they arrive, no address twice
     * @param proxyProtocol whether each has to begin with a header of the PROXY protocol
     * @param trusted who may say so; empty where nobody does
     * @param target where they are taken to be going; empty for where they arrived
     */
    record Tcp(
            String name,
            String tenant,
            List<InetSocketAddress> listen,
            ProxyProtocol proxyProtocol,
            List<Prefix> trusted,
            Optional<InetSocketAddress> target)
            implements OnRamp {
        public Tcp {
            listen = List.copyOf(listen);
            trusted = List.copyOf(trusted);
        }

        /** Whether connections begin with a header of the PROXY protocol. */
        public enum ProxyProtocol {
            /** None does, and what one begins with is its own. */
            OFF,
            /** Each does, of either version. */
            REQUIRED
        }

        public boolean hasProxyProtocol() {
            return proxyProtocol == ProxyProtocol.REQUIRED;
        }
    }

    /**
     * The other end of a tunnel of {@link Gre}.
     *
     * @param from its outer addresses
     * @param key 32 bits without a sign; empty for packets without one
     * @param tenant who the packets belong to
     * @param routes prefixes reached through it
     * @param strictSource whether packets may come from {@code routes} alone, where there are any
     * @param mtu bytes of the longest packet inside; empty for as many as the path takes
     * @param checksum whether packets to it have a checksum
     * @param sequence whether they are numbered
     */
    record GrePeer(
            Prefix from,
            OptionalLong key,
            String tenant,
            List<Prefix> routes,
            boolean strictSource,
            OptionalInt mtu,
            boolean checksum,
            boolean sequence) {
        public GrePeer {
            routes = List.copyOf(routes);
        }

        /** Whether it has one outer address. */
        public boolean isFixed() {
            return from.length() == (from.address().isIpv4() ? 32 : 128);
        }

        /** The outer address or prefix, and the key: {@code 10.70.0.2#42}. */
        @Override
        public String toString() {
            String where = isFixed() ? from.address().toString() : from.toString();
            return key.isEmpty() ? where : where + "#" + key.getAsLong();
        }
    }
}
