package io.culvert.tun;

import io.culvert.linux.Errno;
import io.culvert.linux.Fd;
import io.culvert.linux.Link;
import io.culvert.linux.LinkAddress;
import io.culvert.linux.Rtnetlink;
import io.culvert.linux.SyscallException;
import io.culvert.linux.Tun;
import io.culvert.linux.TunQueues;

import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A TUN device: an interface of the kernel's whose packets this process reads and writes, through
 * one {@link TunQueue} a worker (Documentation/networking/tuntap.rst).
 *
 * <p>The device is made, or attached to where it exists, in a namespace; afterwards its queues work
 * on any thread. This object is thread-safe; close it when no worker uses a queue any more.
 */
public final class TunDevice implements AutoCloseable {
    private static final int FLAGS = Tun.IFF_TUN | Tun.IFF_NO_PI | Tun.IFF_VNET_HDR;

    private final String name;
    private final int index;
    private volatile int mtu;
    private final List<TunQueue> queues;

    /** Bits of {@link Offload#flag}; bits are only ever taken out. */
    private final AtomicInteger offloads;

    private volatile boolean retired;

    private TunDevice(String name, Link link, List<Fd> descriptors, Set<Offload> offloads) {
        this.name = name;
        this.index = link.index();
        this.mtu = link.mtu();
        this.offloads = new AtomicInteger(flags(offloads));
        this.queues = descriptors.stream().map(fd -> new TunQueue(this, fd)).toList();
    }

    /**
     * Makes the device, or attaches to it where it exists: then with as many queues as it allows,
     * and with its own link settings where this process may not change them (CAP_NET_ADMIN).
     *
     * @throws IOException with a sentence that says what to do, where the name belongs to another
     *     kind of device, another process has the device, or privileges are missing
     */
    public static TunDevice open(NetworkNamespace where, TunSettings settings) throws IOException {
        return where.call(() -> open(settings));
    }

    /** The kernel's name for it, which a {@code %d} in the settings became part of. */
    public String name() {
        return name;
    }

    /** The interface's index in its namespace. */
    public int index() {
        return index;
    }

    /** The longest packet, in bytes, as it was when the device was opened or given another. */
    public int mtu() {
        return mtu;
    }

    /**
     * Gives the device another one.
     *
     * @param where its namespace
     */
    public void mtu(NetworkNamespace where, int bytes) throws IOException {
        mtu =
                where.call(
                        () -> {
                            try (Rtnetlink rtnetlink = new Rtnetlink()) {
                                rtnetlink.mtu(index, bytes);
                            }
                            return bytes;
                        });
    }

    /**
     * Gives the device an address more, unless it has it.
     *
     * @param where its namespace
     * @return whether it is new
     */
    public boolean addAddress(NetworkNamespace where, LinkAddress address) throws IOException {
        return where.call(
                () -> {
                    try (Rtnetlink rtnetlink = new Rtnetlink()) {
                        if (rtnetlink.addresses(index).contains(address)) {
                            return false;
                        }
                        LocalAddress.add(rtnetlink, index, address);
                        return true;
                    }
                });
    }

    /** Takes an address from the device. */
    public void removeAddress(NetworkNamespace where, LinkAddress address) throws IOException {
        boolean _ =
                where.call(
                        () -> {
                            try (Rtnetlink rtnetlink = new Rtnetlink()) {
                                rtnetlink.removeAddress(
                                        index, address.address(), address.prefixLength());
                            }
                            return true;
                        });
    }

    /**
     * From now on queues neither give nor take a packet, as if the device were down: so that it can
     * be closed while workers go on, once each has done what it was about to do.
     */
    public void retire() {
        retired = true;
    }

    boolean isRetired() {
        return retired;
    }

    /** Its queues, never empty; each is for one worker. */
    public List<TunQueue> queues() {
        return queues;
    }

    /**
     * What this kernel takes over: of the settings', those it agreed to and has not refused since.
     * The others are done in software.
     */
    public Set<Offload> offloads() {
        EnumSet<Offload> active = EnumSet.noneOf(Offload.class);
        for (Offload offload : Offload.values()) {
            if (carries(offload)) {
                active.add(offload);
            }
        }
        return active;
    }

    /** Closes every queue; the device is gone unless it is persistent. */
    @Override
    public void close() {
        queues.forEach(TunQueue::close);
    }

    boolean carries(Offload offload) {
        return (offloads.getOpaque() & offload.flag()) != 0;
    }

    /** The kernel does not do this after all; without checksums it does none. */
    void switchOff(Offload offload) {
        offloads.updateAndGet(flags -> offload == Offload.CHECKSUM ? 0 : flags & ~offload.flag());
    }

    private static TunDevice open(TunSettings settings) throws IOException {
        List<Fd> descriptors = new ArrayList<>();
        try (Rtnetlink rtnetlink = new Rtnetlink()) {
            Optional<Link> existing =
                    settings.name().isEmpty() ? Optional.empty() : rtnetlink.link(settings.name());
            boolean multiple =
                    existing.isPresent()
                            ? free(rtnetlink, settings.name()).multiple()
                            : settings.queues() > 1;
            int flags = multiple ? FLAGS | Tun.IFF_MULTI_QUEUE : FLAGS;
            descriptors.add(openQueue(settings.name(), flags));
            Fd first = descriptors.getFirst();
            String name = Tun.attachment(first).name();
            while (multiple && descriptors.size() < settings.queues()) {
                descriptors.add(openQueue(name, flags));
            }
            Tun.vnetHeaderSize(first, VnetHeader.LENGTH);
            Set<Offload> offloads = negotiate(first, settings.offloads());
            if (existing.isEmpty() && settings.persistent()) {
                Tun.ownedByThisUser(first);
                Tun.persist(first, true);
            }
            configure(rtnetlink, rtnetlink.index(name), settings, existing.isPresent());
            return new TunDevice(name, rtnetlink.link(name).orElseThrow(), descriptors, offloads);
        } catch (IOException | RuntimeException e) {
            descriptors.forEach(Fd::close);
            throw e;
        }
    }

    /** Two processes on one multi-queue device would each get some of its packets. */
    private static TunQueues free(Rtnetlink rtnetlink, String name) throws IOException {
        TunQueues queues =
                rtnetlink.tunQueues(name).orElseThrow(() -> new IOException(otherKind(name)));
        if (queues.open() > 0) {
            throw new IOException(inUse(name));
        }
        return queues;
    }

    private static Fd openQueue(String name, int flags) throws IOException {
        try {
            return Tun.open(name, flags);
        } catch (SyscallException e) {
            throw switch (e.errno()) {
                case EBUSY -> new IOException(inUse(name), e);
                case EINVAL -> new IOException(otherKind(name), e);
                default -> e;
            };
        }
    }

    private static String otherKind(String name) {
        return "device " + name + " exists already and is not a TUN device; choose another name";
    }

    private static String inUse(String name) {
        return "TUN device " + name + " is in use by another process; choose another name";
    }

    /** Asks for less and less, the least common kind first, until the kernel agrees. */
    private static Set<Offload> negotiate(Fd queue, Set<Offload> wanted) throws IOException {
        EnumSet<Offload> kinds = EnumSet.noneOf(Offload.class);
        if (wanted.contains(Offload.CHECKSUM)) {
            kinds.addAll(wanted);
        }
        while (true) {
            try {
                Tun.offload(queue, flags(kinds));
                return kinds;
            } catch (SyscallException e) {
                if (e.errno() != Errno.EINVAL || kinds.isEmpty()) {
                    throw e;
                }
                kinds.remove(List.copyOf(kinds).getLast());
            }
        }
    }

    private static int flags(Set<Offload> kinds) {
        int flags = 0;
        for (Offload kind : kinds) {
            flags |= kind.flag();
        }
        boolean tcp = kinds.contains(Offload.TSO4) || kinds.contains(Offload.TSO6);
        return tcp ? flags | Tun.TUN_F_TSO_ECN : flags;
    }

    private static void configure(
            Rtnetlink rtnetlink, int index, TunSettings settings, boolean attached)
            throws IOException {
        try {
            withoutAutomaticIpv6Address(rtnetlink, index);
            rtnetlink.mtu(index, settings.mtu());
            rtnetlink.txQueueLength(index, settings.txQueueLength());
            rtnetlink.up(index);
            List<LinkAddress> present = rtnetlink.addresses(index);
            for (LinkAddress address : settings.addresses()) {
                if (!present.contains(address)) {
                    LocalAddress.add(rtnetlink, index, address);
                }
            }
        } catch (SyscallException e) {
            if (!attached || e.errno() != Errno.EPERM) {
                throw e;
            }
            // Whoever made the device for this user has set it up as well.
        }
    }

    private static void withoutAutomaticIpv6Address(Rtnetlink rtnetlink, int index)
            throws SyscallException {
        try {
            rtnetlink.noAutomaticIpv6Address(index);
        } catch (SyscallException e) {
            // A host without IPv6, or a device whose MTU is too small for it.
            if (e.errno() != Errno.EAFNOSUPPORT && e.errno() != Errno.EOPNOTSUPP) {
                throw e;
            }
        }
    }
}
