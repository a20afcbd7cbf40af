package io.culvert.upgrade;

import io.culvert.linux.Errno;
import io.culvert.linux.Fd;
import io.culvert.linux.Sockets;
import io.culvert.linux.SyscallException;
import io.culvert.wire.IpProtocol;

/**
 * How this process may send echo requests: by an unprivileged ICMP socket (icmp(7): the group must
 * be in net.ipv4.ping_group_range), else by a raw socket (CAP_NET_RAW), else not at all.
 */
public enum EchoSocket {
    /** The kernel chooses the identifier and shows only replies to it. */
    UNPRIVILEGED,
    /** We choose the identifier and see every echo reply that the host gets. */
    RAW,
    /** Neither is allowed. */
    UNAVAILABLE;

    /** Tries, in the calling thread's namespace. */
    public static EchoSocket probe(boolean ipv6) {
        for (EchoSocket kind : new EchoSocket[] {UNPRIVILEGED, RAW}) {
            try (Fd opened = kind.open(ipv6)) {
                if (opened.isOpen()) {
                    return kind;
                }
            } catch (SyscallException refused) {
                if (refused.errno() == Errno.EMFILE || refused.errno() == Errno.ENFILE) {
                    return UNAVAILABLE;
                }
            }
        }
        return UNAVAILABLE;
    }

    /** Opens a non-blocking socket of this kind. */
    Fd open(boolean ipv6) throws SyscallException {
        return this == RAW
                ? Sockets.raw(ipv6, ipv6 ? IpProtocol.ICMPV6 : IpProtocol.ICMP)
                : Sockets.echo(ipv6);
    }
}
