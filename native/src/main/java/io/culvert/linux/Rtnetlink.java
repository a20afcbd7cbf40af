package io.culvert.linux;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.function.Function;

/**
 * Network devices, their addresses, routes and rules (rtnetlink(7)), in the network namespace of
 * the thread that made this object. Thread-safe; no program is run.
 *
 * <p>A method that changes something throws a {@link SyscallException} that names the device, what
 * was tried, and the kernel's own explanation where it gives one.
 */
public final class Rtnetlink implements AutoCloseable {
    static final int NETLINK_ROUTE = 0;
    private static final int AF_UNSPEC = 0;

    static final int NEW_LINK = 16, DELETE_LINK = 17, NEW_ROUTE = 24, DELETE_ROUTE = 25;
    static final int NEW_RULE = 32, DELETE_RULE = 33;
    private static final int NEW_ADDRESS = 20, DELETE_ADDRESS = 21;
    private static final int GET_LINK = 18, GET_ADDRESS = 22, GET_ROUTE = 26, GET_RULE = 34;
    private static final int MAKE = NetlinkMessage.NLM_F_CREATE | NetlinkMessage.NLM_F_EXCL;

    private static final int IFF_UP = 1;
    private static final int IFLA_MTU = 4, IFLA_TXQLEN = 13, IFLA_AF_SPEC = 26;
    private static final int IFLA_NET_NS_FD = 28;
    private static final int VETH_INFO_PEER = 1;
    private static final int IFLA_INET6_ADDR_GEN_MODE = 8;
    private static final byte IN6_ADDR_GEN_MODE_NONE = 1;

    private final NetlinkSocket socket;

    /** Speaks of the calling thread's network namespace, for good. */
    public Rtnetlink() throws SyscallException {
        socket = new NetlinkSocket(NETLINK_ROUTE);
    }

    /** The index of the device of that name. */
    public int index(String name) throws SyscallException {
        return link(name)
                .orElseThrow(() -> new SyscallException("device " + name, Errno.ENODEV.number()))
                .index();
    }

    public Optional<Link> link(String name) throws SyscallException {
        return find(linkMessage(GET_LINK, 0, 0).attribute(Link.IFLA_IFNAME, name), Link::decode);
    }

    public List<Link> links() throws SyscallException {
        return list(linkMessage(GET_LINK, NetlinkMessage.NLM_F_DUMP, 0), Link::decode);
    }

    /** Of the TUN device of that name; empty where there is none or it is of another kind. */
    public Optional<TunQueues> tunQueues(String name) throws SyscallException {
        return find(
                linkMessage(GET_LINK, 0, 0).attribute(Link.IFLA_IFNAME, name), TunQueues::decode);
    }

    /** Whether there is somebody at the other end; of a TUN device, a process that has it open. */
    public boolean hasCarrier(String name) throws SyscallException {
        return find(
                        linkMessage(GET_LINK, 0, 0).attribute(Link.IFLA_IFNAME, name),
                        Link::decodeCarrier)
                .orElse(false);
    }

    public void up(int index) throws SyscallException {
        change(link(NEW_LINK, 0, index, IFF_UP), index, "bring up");
    }

    /** Sets the length of the longest packet. */
    public void mtu(int index, int bytes) throws SyscallException {
        change(
                linkMessage(NEW_LINK, 0, index).attribute(IFLA_MTU, bytes),
                index,
                "set MTU " + bytes);
    }

    public void txQueueLength(int index, int packets) throws SyscallException {
        change(
                linkMessage(NEW_LINK, 0, index).attribute(IFLA_TXQLEN, packets),
                index,
                "set queue length " + packets);
    }

    /** Keeps the kernel from giving the device a link-local address when it comes up. */
    public void noAutomaticIpv6Address(int index) throws SyscallException {
        NetlinkMessage message = linkMessage(NEW_LINK, 0, index);
        int families = message.begin(IFLA_AF_SPEC);
        int ipv6 = message.begin(LinkAddress.AF_INET6);
        message.attribute(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
        change(message.end(ipv6).end(families), index, "switch automatic IPv6 addresses off");
    }

    /** Moves a device to another network namespace, where it is down and has no addresses. */
    public void move(int index, Fd namespace) throws SyscallException {
        change(
                linkMessage(NEW_LINK, 0, index).attribute(IFLA_NET_NS_FD, namespace.number()),
                index,
                "move to another network namespace");
    }

    /** Makes two devices that are joined by a cable, both down. */
    public void addVeth(String name, String peer) throws SyscallException {
        NetlinkMessage message = linkMessage(NEW_LINK, MAKE, 0).attribute(Link.IFLA_IFNAME, name);
        int information = message.begin(Link.IFLA_LINKINFO);
        int data = message.attribute(Link.IFLA_INFO_KIND, "veth").begin(Link.IFLA_INFO_DATA);
        int other = message.begin(VETH_INFO_PEER);
        linkStructure(message, 0, 0).attribute(Link.IFLA_IFNAME, peer);
        change(
                message.end(other).end(data).end(information),
                "device " + name + ": make with peer " + peer);
    }

    public void delete(int index) throws SyscallException {
        change(linkMessage(DELETE_LINK, 0, index), index, "delete");
    }

    /** Adds an address, an IPv6 one without looking for duplicates first (RFC 4862 section 5.4). */
    public void addAddress(int index, InetAddress address, int prefixLength)
            throws SyscallException {
        changeAddress(
                NEW_ADDRESS, MAKE, index, new LinkAddress(address, prefixLength), "add address ");
    }

    public void removeAddress(int index, InetAddress address, int prefixLength)
            throws SyscallException {
        changeAddress(
                DELETE_ADDRESS,
                0,
                index,
                new LinkAddress(address, prefixLength),
                "remove address ");
    }

    /** The addresses of a device, both families. */
    public List<LinkAddress> addresses(int index) throws SyscallException {
        NetlinkMessage message =
                new NetlinkMessage(GET_ADDRESS, NetlinkMessage.NLM_F_DUMP).u32(AF_UNSPEC).u32(0);
        return list(message, bytes -> LinkAddress.decode(bytes, index));
    }

    public void addRoute(Route route) throws SyscallException {
        change(route.encode(new NetlinkMessage(NEW_ROUTE, MAKE)), "add route " + route);
    }

    public void deleteRoute(Route route) throws SyscallException {
        change(route.encode(new NetlinkMessage(DELETE_ROUTE, 0)), "delete route " + route);
    }

    /** The routes of every table; one of several next hops is as many routes. */
    public List<Route> routes(boolean ipv6) throws SyscallException {
        List<Route> routes = new ArrayList<>();
        list(all(GET_ROUTE, ipv6), Route::decode).forEach(routes::addAll);
        return routes;
    }

    public void addRule(Rule rule) throws SyscallException {
        change(rule.encode(new NetlinkMessage(NEW_RULE, MAKE)), "add rule " + rule);
    }

    public void deleteRule(Rule rule) throws SyscallException {
        change(rule.encode(new NetlinkMessage(DELETE_RULE, 0)), "delete rule " + rule);
    }

    /** Rules that lead to a table or into nothing. */
    public List<Rule> rules(boolean ipv6) throws SyscallException {
        return list(all(GET_RULE, ipv6), bytes -> Rule.decode(bytes, ipv6));
    }

    @Override
    public void close() {
        socket.close();
    }

    private void changeAddress(int type, int flags, int index, LinkAddress address, String what)
            throws SyscallException {
        change(address.encode(new NetlinkMessage(type, flags), index), index, what + address);
    }

    /** A list of one family; {@code struct rtmsg} and {@code fib_rule_hdr} have 12 bytes. */
    private static NetlinkMessage all(int type, boolean ipv6) {
        return new NetlinkMessage(type, NetlinkMessage.NLM_F_DUMP)
                .u8(LinkAddress.family(ipv6))
                .u8(0)
                .u16(0)
                .u32(0)
                .u32(0);
    }

    private static NetlinkMessage linkMessage(int type, int flags, int index) {
        return link(type, flags, index, 0);
    }

    private static NetlinkMessage link(int type, int flags, int index, int linkFlags) {
        return linkStructure(new NetlinkMessage(type, flags), index, linkFlags);
    }

    private static NetlinkMessage linkStructure(NetlinkMessage message, int index, int flags) {
        return message.u8(AF_UNSPEC).u8(0).u16(0).u32(index).u32(flags).u32(flags);
    }

    private void change(NetlinkMessage message, int index, String what) throws SyscallException {
        socket.ask(message, _ -> null, () -> "device " + nameOf(index) + ": " + what);
    }

    private void change(NetlinkMessage message, String what) throws SyscallException {
        socket.ask(message, _ -> null, () -> what);
    }

    private <T> List<T> list(NetlinkMessage message, Function<ByteBuffer, T> reader)
            throws SyscallException {
        return socket.ask(message, reader, () -> "netlink");
    }

    private <T> Optional<T> find(NetlinkMessage message, Function<ByteBuffer, T> reader)
            throws SyscallException {
        try {
            return list(message, reader).stream().findFirst();
        } catch (SyscallException e) {
            if (e.errno() == Errno.ENODEV) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private String nameOf(int index) {
        try {
            return find(linkMessage(GET_LINK, 0, index), Link::decode).orElseThrow().name();
        } catch (SyscallException | NoSuchElementException e) {
            return "of index " + index; // the reason is in the exception that asks for the name
        }
    }
}
