package io.culvert.linux;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * The device {@code /dev/net/tun} (Documentation/networking/tuntap.rst, {@code linux/if_tun.h}).
 * Each descriptor is one queue of one device. May be called from any thread; {@link #open} looks
 * for the device in the calling thread's network namespace.
 */
public final class Tun {
    /** Packets without a link-layer header. */
    public static final int IFF_TUN = 0x0001;

    /** The device may have several queues, each a descriptor. */
    public static final int IFF_MULTI_QUEUE = 0x0100;

    /** Only read: the device outlives its descriptors. */
    public static final int IFF_PERSIST = 0x0800;

    /** No {@code tun_pi} before each packet. */
    public static final int IFF_NO_PI = 0x1000;

    /** A {@code virtio_net_hdr} before each packet. */
    public static final int IFF_VNET_HDR = 0x4000;

    /** What the reader takes: unfinished checksums, on which every other kind depends. */
    public static final int TUN_F_CSUM = 0x01;

    public static final int TUN_F_TSO4 = 0x02;
    public static final int TUN_F_TSO6 = 0x04;

    /** TCP super-packets with CWR set; the kernel takes it only beside one of the two above. */
    public static final int TUN_F_TSO_ECN = 0x08;

    /** UDP super-packets, since Linux 6.2; the kernel takes the two only together. */
    public static final int TUN_F_USO4 = 0x20;

    public static final int TUN_F_USO6 = 0x40;

    /** The longest name of a network device, in bytes (IFNAMSIZ less its zero). */
    public static final int NAME_LENGTH = 15;

    private static final String DEVICE = "/dev/net/tun";
    private static final int O_RDWR_NONBLOCK_CLOEXEC = 0x2 | 0x800 | 0x8_0000;

    /** ioctl(2) requests. */
    private static final long TUNSETIFF = 0x4004_54caL;

    private static final long TUNSETPERSIST = 0x4004_54cbL;
    private static final long TUNSETOWNER = 0x4004_54ccL;
    private static final long TUNSETOFFLOAD = 0x4004_54d0L;
    private static final long TUNGETIFF = 0x8004_54d2L;
    private static final long TUNSETVNETHDRSZ = 0x4004_54d8L;

    /** {@code struct ifreq}: the name, then the flags. */
    private static final int IFREQ_LENGTH = 40;

    private static final int IFREQ_FLAGS = 16;

    private static final LibC.Functions C = LibC.INSTANCE;

    private Tun() {}

    /** What a descriptor is attached to. */
    public record Attachment(String name, int flags) {}

    /**
     * Opens a queue, which does not block, of a device that is made where it does not exist.
     *
     * @param name at most {@link #NAME_LENGTH} bytes; {@code %d} becomes a free number, empty is
     *     {@code tun%d}; {@link #attachment} tells the name it became
     * @param flags {@code IFF_...}
     * @throws SyscallException EBUSY where another process has the device's only queue, EINVAL
     *     where the name is that of another kind of device or of one with other flags
     */
    public static Fd open(String name, int flags) throws SyscallException {
        int opened = (int) Syscall.answer(C.open(DEVICE, O_RDWR_NONBLOCK_CLOEXEC, 0));
        if (opened < 0) {
            throw new SyscallException(DEVICE, -opened, remedy(Errno.of(-opened)));
        }
        Fd queue = new Fd(opened);
        ByteBuffer ifreq = ifreq();
        byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
        if (bytes.length > NAME_LENGTH) {
            queue.close();
            throw new IllegalArgumentException("device name too long: " + name);
        }
        ifreq.put(0, bytes).putShort(IFREQ_FLAGS, (short) flags);
        int attached = (int) ioctl(queue, TUNSETIFF, NativeMemory.address(ifreq));
        if (attached < 0) {
            queue.close();
            String device = name.isEmpty() ? "TUN device" : "TUN device " + name;
            throw new SyscallException(device, -attached, remedy(Errno.of(-attached)));
        }
        return queue;
    }

    /** The real name and flags. */
    public static Attachment attachment(Fd queue) throws SyscallException {
        ByteBuffer ifreq = ifreq();
        check(ioctl(queue, TUNGETIFF, NativeMemory.address(ifreq)), "read the TUN device's name");
        byte[] name = new byte[IFREQ_FLAGS];
        ifreq.get(0, name);
        int length = 0;
        while (length < name.length && name[length] != 0) {
            length++;
        }
        return new Attachment(
                new String(name, 0, length, StandardCharsets.US_ASCII),
                Short.toUnsignedInt(ifreq.getShort(IFREQ_FLAGS)));
    }

    /**
     * Says which super-packets and unfinished checksums reads may bring. Holds for the whole
     * device.
     *
     * @param kinds {@code TUN_F_...}
     * @throws SyscallException EINVAL for a kind or combination that this kernel lacks
     */
    public static void offload(Fd queue, int kinds) throws SyscallException {
        check(ioctl(queue, TUNSETOFFLOAD, kinds), "switch offloads of the TUN device");
    }

    /** The length of the {@code virtio_net_hdr}, 10 or more. Holds for the whole device. */
    public static void vnetHeaderSize(Fd queue, int bytes) throws SyscallException {
        ByteBuffer size = NativeMemory.allocateNative(Integer.BYTES).putInt(0, bytes);
        check(
                ioctl(queue, TUNSETVNETHDRSZ, NativeMemory.address(size)),
                "set the TUN device's header size");
    }

    /** Whether the device stays when its last descriptor is closed. */
    public static void persist(Fd queue, boolean stay) throws SyscallException {
        check(ioctl(queue, TUNSETPERSIST, stay ? 1 : 0), "make the TUN device persistent");
    }

    /** Who may attach to the device without CAP_NET_ADMIN; as made, anybody may. */
    public static void owner(Fd queue, int userId) throws SyscallException {
        check(ioctl(queue, TUNSETOWNER, userId), "set the TUN device's owner");
    }

    /** Lets this process' user, and nobody else, attach without CAP_NET_ADMIN. */
    public static void ownedByThisUser(Fd queue) throws SyscallException {
        owner(queue, C.geteuid());
    }

    private static String remedy(Errno errno) {
        return switch (errno) {
            case EACCES ->
                    "give this user access, for example: chmod 0666 /dev/net/tun, as Debian's udev"
                            + " does";
            case ENOTTY ->
                    DEVICE
                            + " is not the TUN device; as root: rm "
                            + DEVICE
                            + " && mknod -m 0666 "
                            + DEVICE
                            + " c 10 200";
            case ENOENT, ENODEV, ENXIO -> "modprobe tun, or pass the device to the container";
            case EPERM ->
                    "making a device needs CAP_NET_ADMIN in its network namespace, attaching to a"
                            + " persistent one needs its owner";
            case EBUSY -> "another process has it";
            default -> null;
        };
    }

    private static ByteBuffer ifreq() {
        return NativeMemory.allocateNative(IFREQ_LENGTH);
    }

    private static long ioctl(Fd queue, long request, long argument) {
        return Syscall.answer(C.ioctl(queue.number(), request, argument));
    }

    private static void check(long result, String call) throws SyscallException {
        SyscallException.check(result, call);
    }
}
