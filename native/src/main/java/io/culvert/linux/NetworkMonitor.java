package io.culvert.linux;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Hears of changed devices, routes and rules (rtnetlink(7)), in the network namespace of the thread
 * that made this object. Nothing that changes after it was made is missed, though a crowd of
 * changes may be told as {@link NetworkChange.Kind#UNKNOWN}.
 *
 * <p>Threading: one thread waits; any other may wake it.
 */
public final class NetworkMonitor implements AutoCloseable {
    /** From {@code linux/rtnetlink.h}: RTNLGRP_LINK, then of IPv4 and IPv6 routes and rules. */
    private static final int GROUPS = 1 | 1 << 6 | 1 << 7 | 1 << 10 | 1 << 18;

    private static final int AF_NETLINK = 16;
    private static final int SOCK_RAW_CLOEXEC = 3 | 0x8_0000;

    /** {@code struct sockaddr_nl}: family, padding, port, groups. */
    private static final int ADDRESS_LENGTH = 12;

    private static final int ADDRESS_GROUPS = 8;

    private static final int MSG_DONTWAIT = 0x40;
    private static final int NLMSG_NOOP = 1;
    private static final int CAPACITY = 1 << 16;

    private final Fd socket;
    private final ByteBuffer message = NativeMemory.allocateNative(CAPACITY);

    /** Hears of the calling thread's network namespace, for good. */
    public NetworkMonitor() throws SyscallException {
        socket =
                new Fd(
                        SyscallException.check(
                                Syscall.socket(
                                        AF_NETLINK, SOCK_RAW_CLOEXEC, Rtnetlink.NETLINK_ROUTE),
                                "netlink socket"));
        try {
            ByteBuffer address = NativeMemory.allocateNative(ADDRESS_LENGTH);
            address.putShort(0, (short) AF_NETLINK).putInt(ADDRESS_GROUPS, GROUPS);
            SyscallException.check(
                    Syscall.bind(socket.number(), NativeMemory.address(address), ADDRESS_LENGTH),
                    "listen to changes of the network");
        } catch (SyscallException e) {
            socket.close();
            throw e;
        }
    }

    /**
     * Waits until something has changed or {@link #wake} is called, and answers what has changed by
     * now, which may be nothing.
     */
    public List<NetworkChange> await() throws SyscallException {
        List<NetworkChange> changes = new ArrayList<>();
        int flags = 0;
        while (true) {
            int length =
                    Syscall.recv(socket.number(), NativeMemory.address(message), CAPACITY, flags);
            if (Errno.EAGAIN.is(length)) {
                return changes;
            }
            if (Errno.ENOBUFS.is(length)) {
                changes.add(NetworkChange.ANYTHING);
            } else {
                read(SyscallException.check(length, "changes of the network"), changes);
            }
            flags = MSG_DONTWAIT;
        }
    }

    /** Ends the present or else the next waiting. */
    public void wake() throws SyscallException {
        // The kernel acknowledges a request for nothing, and that is something to receive.
        ByteBuffer nothing = new NetlinkMessage(NLMSG_NOOP, 0).finish(1);
        ByteBuffer bytes = NativeMemory.allocateNative(nothing.remaining()).put(nothing);
        SyscallException.check(
                Syscall.send(socket.number(), NativeMemory.address(bytes), bytes.position(), 0),
                "netlink request");
    }

    private void read(int length, List<NetworkChange> changes) {
        int at = 0;
        while (at + NetlinkMessage.HEADER_LENGTH <= length) {
            int size = message.getInt(at);
            if (size < NetlinkMessage.HEADER_LENGTH || at + size > length) {
                return;
            }
            NetworkChange change =
                    decode(
                            Short.toUnsignedInt(message.getShort(at + 4)),
                            message.slice(
                                            at + NetlinkMessage.HEADER_LENGTH,
                                            size - NetlinkMessage.HEADER_LENGTH)
                                    .order(message.order()));
            if (change != null) {
                changes.add(change);
            }
            at += size + Integer.BYTES - 1 & -Integer.BYTES;
        }
    }

    /** Null for what is none. */
    private static NetworkChange decode(int type, ByteBuffer payload) {
        return switch (type) {
            case Rtnetlink.NEW_LINK -> Link.change(payload, false);
            case Rtnetlink.DELETE_LINK -> Link.change(payload, true);
            case Rtnetlink.NEW_ROUTE -> Route.change(payload, false);
            case Rtnetlink.DELETE_ROUTE -> Route.change(payload, true);
            case Rtnetlink.NEW_RULE -> Rule.change(payload, false);
            case Rtnetlink.DELETE_RULE -> Rule.change(payload, true);
            default -> null;
        };
    }

    @Override
    public void close() {
        socket.close();
    }
}
