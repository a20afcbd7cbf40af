package io.culvert.tun;

import io.culvert.linux.Errno;
import io.culvert.linux.Fd;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.SocketOptions;
import io.culvert.linux.Sockets;
import io.culvert.linux.Syscall;
import io.culvert.linux.SyscallException;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * The sockets of one address: a raw one that receives, and sends with the don't-fragment bit; one
 * that sends in fragments what has to be longer than the path allows; and one that sends nothing
 * but asks the kernel for path MTUs.
 *
 * <p>The kernel gives each packet to every raw socket that it fits (raw(7)). So there is one that
 * receives, whatever the number of workers, and the sending one is connected to where nothing comes
 * from, our own address. As long as one fits, the kernel does not answer with an ICMP error that
 * nobody knows the protocol.
 *
 * <p>Threading: any thread may send; {@link #close} once none does.
 */
final class GreSockets implements AutoCloseable {
    /** 3 ms at 10 Gbit/s. */
    private static final int BUFFER = 4 * 1024 * 1024;

    /** Discard, RFC 863: nothing is ever sent there. */
    private static final int ANY_PORT = 9;

    private final boolean ipv6;
    private final List<Fd> opened = new ArrayList<>();
    private final SocketAddressBuffer question = new SocketAddressBuffer();
    private final Fd socket;
    private final Fd fragmenting;
    private final Fd probe;
    private volatile boolean closed;

    /**
     * Opens them in the network namespace of the calling thread.
     *
     * @throws IOException with a sentence for the operator
     */
    GreSockets(InetAddress listen) throws IOException {
        ipv6 = listen instanceof Inet6Address;
        SocketAddressBuffer address =
                new SocketAddressBuffer().set(new InetSocketAddress(listen, 0));
        try {
            socket = raw(SocketOptions.IP_PMTUDISC_DO);
            buffer(SocketOptions.SO_RCVBUFFORCE, SocketOptions.SO_RCVBUF);
            buffer(SocketOptions.SO_SNDBUFFORCE, SocketOptions.SO_SNDBUF);
            if (ipv6) {
                // Over IPv4 the header itself comes along.
                set(SocketOptions.IPPROTO_IPV6, socket, SocketOptions.IPV6_RECVTCLASS, 1);
                set(SocketOptions.IPPROTO_IPV6, socket, SocketOptions.IPV6_RECVERR, 1);
            } else {
                set(SocketOptions.IPPROTO_IP, socket, SocketOptions.IP_RECVERR, 1);
            }
            Sockets.bind(socket, address);
            fragmenting = raw(SocketOptions.IP_PMTUDISC_DONT);
            Sockets.bind(fragmenting, address);
            connect(fragmenting, address);
            probe = Sockets.udp(ipv6);
            opened.add(probe);
            Sockets.bind(probe, address);
        } catch (SyscallException e) {
            close();
            throw explained(listen, e);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private static IOException explained(InetAddress listen, SyscallException e) {
        String place = listen.getHostAddress();
        return switch (e.errno()) {
            case EPERM ->
                    new IOException(
                            "GRE needs a raw socket, which takes CAP_NET_RAW in the network"
                                    + " namespace that "
                                    + place
                                    + " is in; an ordinary user has it only in a namespace of his"
                                    + " own: run culvert as root",
                            e);
            case EADDRNOTAVAIL -> new IOException(place + " is not an address of this host", e);
            default -> new IOException("cannot take GRE at " + place + ": " + e.getMessage(), e);
        };
    }

    private Fd raw(int discovery) throws SyscallException {
        Fd raw = Sockets.raw(ipv6, GreHeader.IP_PROTOCOL);
        opened.add(raw);
        if (ipv6) {
            set(SocketOptions.IPPROTO_IPV6, raw, SocketOptions.IPV6_MTU_DISCOVER, discovery);
        } else {
            set(SocketOptions.IPPROTO_IP, raw, SocketOptions.IP_MTU_DISCOVER, discovery);
        }
        return raw;
    }

    private static void connect(Fd socket, SocketAddressBuffer address) throws SyscallException {
        int result = Syscall.connect(socket.number(), address.address(), address.length());
        if (result < 0) {
            throw new SyscallException("connect", -result);
        }
    }

    private static void set(int level, Fd socket, int name, int value) throws SyscallException {
        Sockets.set(socket, level, name, value);
    }

    /** Beyond the system's limit where that is allowed, up to it elsewhere. */
    private void buffer(int forced, int plain) throws SyscallException {
        int result = Syscall.setsockopt(socket.number(), SocketOptions.SOL_SOCKET, forced, BUFFER);
        if (Errno.EPERM.is(result)) {
            Sockets.set(socket, SocketOptions.SOL_SOCKET, plain, BUFFER);
        }
    }

    boolean isIpv6() {
        return ipv6;
    }

    /** The one that receives, and sends what may not be cut. */
    int socket() {
        return socket.number();
    }

    /** The one whose packets the kernel cuts where they are too long. */
    int fragmenting() {
        return fragmenting.number();
    }

    boolean isClosed() {
        return closed;
    }

    /**
     * What the kernel knows of the way to an address now, in bytes of an IP packet, or -errno. It
     * forgets what ICMP said after ten minutes (net.ipv4.route.mtu_expires).
     */
    synchronized int pathMtu(long high, long low) {
        if (closed) {
            return -Errno.EBADF.number();
        }
        question.set(high, low, ANY_PORT);
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
    public synchronized void close() {
        closed = true;
        opened.forEach(Fd::close);
    }
}
