package io.culvert.e2e;

import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;

import java.util.concurrent.locks.LockSupport;

/**
 * A device that takes no packet while it is blocked: whoever sends to it stands still, and reads
 * nothing else meanwhile.
 */
final class BlockableDevice implements PacketDevice {
    private static final long PAUSE_NANOS = 1_000_000;

    private final PacketDevice device;
    private volatile boolean blocked;
    private volatile boolean standing;

    BlockableDevice(PacketDevice device) {
        this.device = device;
    }

    void block() {
        blocked = true;
    }

    void unblock() {
        blocked = false;
    }

    /** Whether somebody stands still here now. */
    boolean isStanding() {
        return standing;
    }

    @Override
    public Sent send(Packet packet) {
        while (blocked) {
            standing = true;
            LockSupport.parkNanos(PAUSE_NANOS);
        }
        standing = false;
        return device.send(packet);
    }

    @Override
    public int receive(PacketHandler handler, int budget) {
        return device.receive(handler, budget);
    }

    @Override
    public void flush() {
        device.flush();
    }

    @Override
    public int mtu() {
        return device.mtu();
    }

    @Override
    public int descriptor() {
        return device.descriptor();
    }

    @Override
    public void close() {
        unblock();
        device.close();
    }
}
