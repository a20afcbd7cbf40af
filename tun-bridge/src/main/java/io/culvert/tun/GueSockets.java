package io.culvert.tun;

import io.culvert.linux.Errno;
import io.culvert.linux.Fd;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.SocketOptions;
import io.culvert.linux.Sockets;
import io.culvert.linux.Syscall;
import io.culvert.linux.SyscallException;

import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * The sockets of one listening address. One receives; several, each with a port of its own, send,
 * since a UDP socket has one source port and the source port is what tells flows of a tunnel apart
 * on the way (RFC 7510 section 3 on the same idea): only a raw socket could set it for each packet,
 * and that has neither UDP_SEGMENT nor does it work without privileges. One more sends in fragments
 * what has to be longer than the path allows, and one sends nothing but asks the kernel for path
 * MTUs.
 *
 * <p>Every other packet leaves with the don't-fragment bit, and what ICMP says of a path the kernel
 * keeps for all sockets. Confined to one worker.
 */
final class GueSockets implements AutoCloseable {
    /** 3 ms at 10 Gbit/s. */
    private static final int BUFFER = 4 * 1024 * 1024;

    private final int index;
    private final boolean ipv6;
    private final List<Fd> opened = new ArrayList<>();
    private final SocketAddressBuffer question = new SocketAddressBuffer();
    private final Fd listener;
    private final Fd[] senders;
    private final List<Fd> sendersOnly = new ArrayList<>();
    private final Fd fragmenting;
    private final Fd probe;

    /**
     * Opens them in the network namespace of the calling thread.
     *
     * @param index of the address among those listened on
     */
    GueSockets(int index, InetSocketAddress listen, int sourcePorts, boolean zeroChecksums)
            throws SyscallException {
        this.index = index;
        ipv6 = listen.getAddress() instanceof Inet6Address;
        try {
            SocketAddressBuffer address = new SocketAddressBuffer().set(listen);
            // Its port is known to everybody, so that an ICMP error about it proves nothing.
            listener =
                    open(
                            sourcePorts > 0
                                    ? SocketOptions.IP_PMTUDISC_INTERFACE
                                    : SocketOptions.IP_PMTUDISC_DO);
            // A socket for each worker, among which the kernel spreads the outer flows.
            Sockets.set(listener, SocketOptions.SOL_SOCKET, SocketOptions.SO_REUSEPORT, 1);
            if (ipv6 && zeroChecksums) {
                set(SocketOptions.SOL_UDP, listener, SocketOptions.UDP_NO_CHECK6_RX, 1);
            }
            Sockets.bind(listener, address);
            address.set(new InetSocketAddress(listen.getAddress(), 0));
            senders = new Fd[Math.max(1, sourcePorts)];
            senders[0] = listener;
            for (int i = 0; i < sourcePorts; i++) {
                senders[i] = open(SocketOptions.IP_PMTUDISC_DO);
                Sockets.bind(senders[i], address);
                sendersOnly.add(senders[i]);
            }
            fragmenting = open(SocketOptions.IP_PMTUDISC_DONT);
            Sockets.bind(fragmenting, address);
            sendersOnly.add(fragmenting);
            probe = Sockets.udp(ipv6);
            opened.add(probe);
            Sockets.bind(probe, address);
        } catch (SyscallException | RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Fails where anybody has that address, in the network namespace of the calling thread. */
    static void ensureFree(InetSocketAddress listen) throws SyscallException {
        boolean ipv6 = listen.getAddress() instanceof Inet6Address;
        try (Fd socket = Sockets.udp(ipv6)) {
            if (ipv6) {
                set(SocketOptions.IPPROTO_IPV6, socket, SocketOptions.IPV6_V6ONLY, 1);
            }
            Sockets.bind(socket, new SocketAddressBuffer().set(listen));
        }
    }

    /** Of the address among those listened on. */
    int index() {
        return index;
    }

    boolean isIpv6() {
        return ipv6;
    }

    int listener() {
        return listener.number();
    }

    /** The socket for that hash. */
    int sender(int hash) {
        return senders[Integer.remainderUnsigned(hash, senders.length)].number();
    }

    /** The socket whose datagrams the kernel cuts where they are too long. */
    int fragmenting() {
        return fragmenting.number();
    }

    /** Whether the listener sends too. */
    boolean listenerSends() {
        return senders[0] == listener;
    }

    /** All that send and are not the listener. */
    List<Fd> senders() {
        return sendersOnly;
    }

    /**
     * What the kernel knows of the way to an address now, in bytes of an IP packet, or -errno. It
     * forgets what ICMP said after ten minutes (net.ipv4.route.mtu_expires).
     */
    int pathMtu(long high, long low, int port) {
        question.set(high, low, port);
        int result = Syscall.connect(probe.number(), question.address(), question.length());
        if (result < 0) {
            return result;
        }
        return ipv6
                ? Syscall.getsockopt(
                        probe.number(), SocketOptions.IPPROTO_IPV6, SocketOptions.IPV6_MTU)
                : Syscall.getsockopt(
                        probe.number(), SocketOptions.IPPROTO_IP, SocketOptions.IP_MTU);
    }

    @Override
    public void close() {
        opened.forEach(Fd::close);
    }

    private Fd open(int discovery) throws SyscallException {
        Fd socket = Sockets.udp(ipv6);
        opened.add(socket);
        buffer(socket, SocketOptions.SO_RCVBUFFORCE, SocketOptions.SO_RCVBUF);
        buffer(socket, SocketOptions.SO_SNDBUFFORCE, SocketOptions.SO_SNDBUF);
        set(SocketOptions.SOL_UDP, socket, SocketOptions.UDP_GRO, 1);
        if (ipv6) {
            int level = SocketOptions.IPPROTO_IPV6;
            set(level, socket, SocketOptions.IPV6_V6ONLY, 1);
            set(level, socket, SocketOptions.IPV6_RECVTCLASS, 1);
            set(level, socket, SocketOptions.IPV6_RECVERR, 1);
            set(level, socket, SocketOptions.IPV6_MTU_DISCOVER, discovery);
        } else {
            int level = SocketOptions.IPPROTO_IP;
            set(level, socket, SocketOptions.IP_RECVTOS, 1);
            set(level, socket, SocketOptions.IP_RECVERR, 1);
            set(level, socket, SocketOptions.IP_MTU_DISCOVER, discovery);
        }
        return socket;
    }

    private static void set(int level, Fd socket, int name, int value) throws SyscallException {
        Sockets.set(socket, level, name, value);
    }

    /** Beyond the system's limit where that is allowed, up to it elsewhere. */
    private static void buffer(Fd socket, int forced, int plain) throws SyscallException {
        int result = Syscall.setsockopt(socket.number(), SocketOptions.SOL_SOCKET, forced, BUFFER);
        if (Errno.EPERM.is(result)) {
            Sockets.set(socket, SocketOptions.SOL_SOCKET, plain, BUFFER);
        }
    }
}
