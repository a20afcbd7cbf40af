package io.culvert.linux;

/**
 * Levels and options of setsockopt(2) and getsockopt(2), under the kernel's own names, with the
 * manual page's meaning. Values are {@code int} where nothing else is said.
 */
public final class SocketOptions {
    /** Level: any socket, socket(7). */
    public static final int SOL_SOCKET = 1;

    /** Whether bind(2) may take an address that closed connections still hold. */
    public static final int SO_REUSEADDR = 2;

    /** The pending error, an errno value; reading clears it. */
    public static final int SO_ERROR = 4;

    public static final int SO_DOMAIN = 39;

    /** Send buffer in bytes; the kernel doubles it and limits it to net.core.wmem_max. */
    public static final int SO_SNDBUF = 7;

    /** Receive buffer in bytes; the kernel doubles it and limits it to net.core.rmem_max. */
    public static final int SO_RCVBUF = 8;

    /** Whether idle connections are probed. */
    public static final int SO_KEEPALIVE = 9;

    /** Whether UDP datagrams over IPv4 leave without a checksum; excludes {@link #UDP_SEGMENT}. */
    public static final int SO_NO_CHECK = 11;

    /** Whether urgent data stays in the stream that it came in. */
    public static final int SO_OOBINLINE = 10;

    /** What close(2) does with unsent data; a structure, see {@link Syscall#linger}. */
    public static final int SO_LINGER = 13;

    /** Whether several sockets may bind one address and share what arrives. */
    public static final int SO_REUSEPORT = 15;

    /** Who is at the other end; a structure, see {@link Sockets#peerCredentials}. */
    public static final int SO_PEERCRED = 17;

    /** {@link #SO_SNDBUF} beyond the limit; needs CAP_NET_ADMIN in the first user namespace. */
    public static final int SO_SNDBUFFORCE = 32;

    /** {@link #SO_RCVBUF} beyond the limit; needs CAP_NET_ADMIN in the first user namespace. */
    public static final int SO_RCVBUFFORCE = 33;

    /** How long receiving and accepting wait; a structure, see {@link Sockets#timeout}. */
    public static final int SO_RCVTIMEO = 20;

    /** How long sending and connecting wait; a structure, see {@link Sockets#timeout}. */
    public static final int SO_SNDTIMEO = 21;

    /** The mark of every packet sent, for policy routing; needs CAP_NET_ADMIN or CAP_NET_RAW. */
    public static final int SO_MARK = 36;

    /** Which buffers keep their size: bits of {@link #SOCK_RCVBUF_LOCK} (Linux 5.14). */
    public static final int SO_BUF_LOCK = 72;

    /** Of {@link #SO_BUF_LOCK}: the receive buffer. */
    public static final int SOCK_RCVBUF_LOCK = 2;

    /** Level: TCP, tcp(7). */
    public static final int IPPROTO_TCP = 6;

    /** Whether small segments leave at once (no Nagle algorithm). */
    public static final int TCP_NODELAY = 1;

    /** The maximum segment size to announce and to send. */
    public static final int TCP_MAXSEG = 2;

    /** Seconds of idleness before the first keep-alive probe. */
    public static final int TCP_KEEPIDLE = 4;

    /** Seconds between keep-alive probes. */
    public static final int TCP_KEEPINTVL = 5;

    /** Keep-alive probes before the connection is dropped. */
    public static final int TCP_KEEPCNT = 6;

    /** Seconds that a listener waits for data before accept(2) sees the connection. */
    public static final int TCP_DEFER_ACCEPT = 9;

    /** State and measurements; a structure, see {@link TcpInfo}. */
    public static final int TCP_INFO = 11;

    /** Whether the next acknowledgements leave at once; not permanent. */
    public static final int TCP_QUICKACK = 12;

    /** The congestion control algorithm; a string. */
    public static final int TCP_CONGESTION = 13;

    /** Milliseconds that sent data may stay unacknowledged before the connection is dropped. */
    public static final int TCP_USER_TIMEOUT = 18;

    /** Level: IPv4, ip(7). */
    public static final int IPPROTO_IP = 0;

    /** The type-of-service byte, DSCP and ECN; also its control message in both directions. */
    public static final int IP_TOS = 1;

    /** The time to live of packets sent. */
    public static final int IP_TTL = 2;

    /** Whether packets sent through a raw socket begin with their IP header. */
    public static final int IP_HDRINCL = 3;

    /** What to do about the path MTU, an {@code IP_PMTUDISC_} value. */
    public static final int IP_MTU_DISCOVER = 10;

    /** Whether errors are queued, see {@link DatagramError}; also their control message. */
    public static final int IP_RECVERR = 11;

    /** Whether datagrams come with their time to live. */
    public static final int IP_RECVTTL = 12;

    /** Whether datagrams come with their type-of-service byte. */
    public static final int IP_RECVTOS = 13;

    /** The known path MTU of a connected socket; read only. */
    public static final int IP_MTU = 14;

    /** Whether an address that is not local may be bound. */
    public static final int IP_FREEBIND = 15;

    /**
     * Whether foreign addresses may be bound and answered from; needs CAP_NET_ADMIN or CAP_NET_RAW.
     */
    public static final int IP_TRANSPARENT = 19;

    /** Whether bind(2) to port 0 leaves the choice of the port to connect(2). */
    public static final int IP_BIND_ADDRESS_NO_PORT = 24;

    /** Never set the don't-fragment bit. */
    public static final int IP_PMTUDISC_DONT = 0;

    /** Fragment by the route's setting. */
    public static final int IP_PMTUDISC_WANT = 1;

    /** Always set the don't-fragment bit; a datagram beyond the path MTU fails with EMSGSIZE. */
    public static final int IP_PMTUDISC_DO = 2;

    /** Set the don't-fragment bit and ignore the known path MTU. */
    public static final int IP_PMTUDISC_PROBE = 3;

    /**
     * Set no don't-fragment bit and believe nothing about a path: neither ICMP nor what is known.
     */
    public static final int IP_PMTUDISC_INTERFACE = 4;

    /** Level: IPv6, ipv6(7). */
    public static final int IPPROTO_IPV6 = 41;

    /** The hop limit of packets sent; -1 for the route's. */
    public static final int IPV6_UNICAST_HOPS = 16;

    /** What to do about the path MTU, an {@code IP_PMTUDISC_} value. */
    public static final int IPV6_MTU_DISCOVER = 23;

    /** The known path MTU of a connected socket; read only. */
    public static final int IPV6_MTU = 24;

    /** Whether errors are queued, see {@link DatagramError}; also their control message. */
    public static final int IPV6_RECVERR = 25;

    /** Whether the socket leaves IPv4 alone. */
    public static final int IPV6_V6ONLY = 26;

    /** Whether packets sent through a raw socket begin with their IP header. */
    public static final int IPV6_HDRINCL = 36;

    /** Whether datagrams come with their hop limit. */
    public static final int IPV6_RECVHOPLIMIT = 51;

    /** Whether datagrams come with their traffic class. */
    public static final int IPV6_RECVTCLASS = 66;

    /** The traffic class, DSCP and ECN; also its control message in both directions. */
    public static final int IPV6_TCLASS = 67;

    /**
     * Whether foreign addresses may be bound and answered from; needs CAP_NET_ADMIN or CAP_NET_RAW.
     */
    public static final int IPV6_TRANSPARENT = 75;

    /** Whether an address that is not local may be bound. */
    public static final int IPV6_FREEBIND = 78;

    /** Level: UDP, udp(7). */
    public static final int SOL_UDP = 17;

    /** Whether datagrams over IPv6 leave with a zero checksum (RFC 6935). */
    public static final int UDP_NO_CHECK6_TX = 101;

    /** Whether datagrams over IPv6 with a zero checksum are received (RFC 6935). */
    public static final int UDP_NO_CHECK6_RX = 102;

    /** Payload bytes of each datagram that a message is cut into; also its control message. */
    public static final int UDP_SEGMENT = 103;

    /** Whether datagrams of one sender may come joined; also the control message with the cut. */
    public static final int UDP_GRO = 104;

    private SocketOptions() {}
}
