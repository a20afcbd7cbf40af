package io.culvert.tun;

import io.culvert.linux.Errno;
import io.culvert.linux.Fd;
import io.culvert.linux.Syscall;
import io.culvert.tun.Packet.Segmentation;

/**
 * One queue of a {@link TunDevice}. What the kernel does not take over is done here before the
 * write: super-packets are cut, checksums finished.
 *
 * <p>A kernel that refuses a well-formed packet of one kind (EINVAL) {@value #MOST_REFUSALS} times
 * on end loses that offload for the whole device; each such packet still goes out, done in
 * software. A malformed one is not counted, so that no peer can switch an offload off.
 *
 * <p>Confined to the worker that polls it.
 */
public final class TunQueue implements PacketDevice {
    private static final int MOST_REFUSALS = 3;
    private static final int READ_LENGTH = VnetHeader.LENGTH + Packet.MAXIMUM_LENGTH;
    private static final int CLOSED = -1;

    private final TunDevice device;
    private final Fd fd;
    private final Packet received = new Packet();
    private final Segmenter segmenter = new Segmenter();
    private final PacketHandler segmentWriter = this::writeSegment;

    private Sent worstOfSegments = Sent.TAKEN;
    private Offload doubted;
    private int refusalsOnEnd;
    private long refusals;
    private long malformed;
    private boolean failed;

    TunQueue(TunDevice device, Fd fd) {
        this.device = device;
        this.fd = fd;
    }

    /** As the contract says; a packet that contradicts its own header counts but is not handed. */
    @Override
    public int receive(PacketHandler handler, int budget) {
        int number = descriptor();
        long buffer = received.address() + Packet.OFFSET - VnetHeader.LENGTH;
        for (int count = 0; count < budget; count++) {
            int read = Syscall.read(number, buffer, READ_LENGTH);
            if (read < 0) {
                outcome(read);
                return count;
            }
            int length = read - VnetHeader.LENGTH;
            if (length > 0
                    && length <= Packet.MAXIMUM_LENGTH
                    && VnetHeader.decode(received, length)) {
                handler.handle(received);
            } else {
                malformed++;
            }
        }
        return budget;
    }

    @Override
    public Sent send(Packet packet) {
        return packet.segmentation() == Segmentation.NONE
                ? sendPlain(packet)
                : sendSuperPacket(packet);
    }

    @Override
    public int mtu() {
        return device.mtu();
    }

    @Override
    public int descriptor() {
        return fd.isOpen() && !device.isRetired() ? fd.number() : CLOSED;
    }

    /** The device it belongs to. */
    public TunDevice device() {
        return device;
    }

    /**
     * The device was deleted or this queue is closed; it will never work again. A device that is
     * only down works again when it is up.
     */
    public boolean failed() {
        return failed;
    }

    /** Packets that contradicted their headers, in either direction, and were dropped. */
    public long malformed() {
        return malformed;
    }

    /** Well-formed packets that the kernel refused and that were then sent without its offload. */
    public long refusals() {
        return refusals;
    }

    @Override
    public void close() {
        fd.close();
    }

    private Sent sendSuperPacket(Packet packet) {
        Offload kind = Offload.of(packet);
        if (device.carries(kind)) {
            int result = write(packet);
            if (!Errno.EINVAL.is(result)) {
                trust(kind);
                return outcome(result);
            }
            if (segmenter.understands(packet)) {
                refused(kind);
            }
        }
        // A flow of two on-ramps may be written by two workers; only this has state that they
        // share.
        synchronized (segmenter) {
            worstOfSegments = Sent.TAKEN;
            return segmenter.cut(packet, segmentWriter) == 0 ? dropped() : worstOfSegments;
        }
    }

    private Sent sendPlain(Packet packet) {
        if (!packet.checksumPartial()) {
            return outcome(write(packet));
        }
        if (device.carries(Offload.CHECKSUM)) {
            int result = write(packet);
            if (!Errno.EINVAL.is(result)) {
                trust(Offload.CHECKSUM);
                return outcome(result);
            }
        }
        if (!PartialChecksum.complete(packet)) {
            return dropped();
        }
        int result = write(packet);
        if (result >= 0 && device.carries(Offload.CHECKSUM)) {
            refused(Offload.CHECKSUM); // the same packet was taken once its checksum was complete
        }
        return outcome(result);
    }

    private void writeSegment(Packet segment) {
        worstOfSegments = worstOfSegments.worse(outcome(write(segment)));
    }

    private int write(Packet packet) {
        VnetHeader.encode(packet);
        return Syscall.write(
                descriptor(),
                packet.address() + Packet.OFFSET - VnetHeader.LENGTH,
                VnetHeader.LENGTH + packet.length());
    }

    private void trust(Offload kind) {
        if (kind == doubted) {
            refusalsOnEnd = 0;
        }
    }

    private void refused(Offload kind) {
        refusals++;
        refusalsOnEnd = kind == doubted ? refusalsOnEnd + 1 : 1;
        doubted = kind;
        if (refusalsOnEnd == MOST_REFUSALS) {
            device.switchOff(kind);
        }
    }

    private Sent dropped() {
        malformed++;
        return Sent.FAILED;
    }

    private Sent outcome(int result) {
        if (result >= 0) {
            return Sent.TAKEN;
        }
        if (Errno.EAGAIN.is(result) || Errno.ENOBUFS.is(result) || Errno.ENOMEM.is(result)) {
            return Sent.FULL;
        }
        if (Errno.EBADFD.is(result) || Errno.EBADF.is(result)) {
            failed = true;
            return Sent.DOWN;
        }
        // What tun_get_user() says of a device that is not up.
        return Errno.EIO.is(result) ? Sent.DOWN : Sent.FAILED;
    }
}
