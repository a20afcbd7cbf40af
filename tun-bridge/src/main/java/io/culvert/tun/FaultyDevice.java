package io.culvert.tun;

import java.util.SplittableRandom;

/**
 * A bad link in front of another device: of the packets that are sent, some are lost, doubled, held
 * back behind later ones, changed in one bit, or cut short. The same seed and the same packets give
 * the same faults. What is received comes through untouched.
 *
 * <p>Confined to one worker, as the device it wraps.
 */
public final class FaultyDevice implements PacketDevice {
    private final PacketDevice device;
    private final Faults faults;
    private final SplittableRandom random;
    private final Packet damaged = new Packet();
    private final Packet held = new Packet();
    private boolean holding;

    /**
     * How often each fault happens, as a probability from 0 to 1.
     *
     * @param drop the packet is lost
     * @param duplicate it is sent twice
     * @param reorder it is sent after the next one, or at the next flush
     * @param corrupt one bit of it is changed
     * @param truncate it loses bytes at its end, one at least, but not all
     */
    public record Faults(
            double drop, double duplicate, double reorder, double corrupt, double truncate) {
        public static final Faults NONE = new Faults(0, 0, 0, 0, 0);

        public Faults {
            for (double probability : new double[] {drop, duplicate, reorder, corrupt, truncate}) {
                if (!(probability >= 0 && probability <= 1)) {
                    throw new IllegalArgumentException("not a probability: " + probability);
                }
            }
        }
    }

    public FaultyDevice(PacketDevice device, Faults faults, long seed) {
        this.device = device;
        this.faults = faults;
        random = new SplittableRandom(seed);
    }

    @Override
    public int receive(PacketHandler handler, int budget) {
        return device.receive(handler, budget);
    }

    /** TAKEN for a packet that is lost or held back, as a link would say. */
    @Override
    public Sent send(Packet packet) {
        // Every packet draws all five, so that one fault's probability does not shift the others.
        boolean drop = happens(faults.drop);
        boolean duplicate = happens(faults.duplicate);
        boolean reorder = happens(faults.reorder);
        boolean corrupt = happens(faults.corrupt);
        boolean truncate = happens(faults.truncate);
        if (drop) {
            return Sent.TAKEN;
        }
        Packet sent = corrupt || truncate ? damage(packet, corrupt, truncate) : packet;
        if (reorder && !holding) {
            held.copyOf(sent);
            holding = true;
            return Sent.TAKEN;
        }
        Sent result = device.send(sent);
        if (duplicate) {
            device.send(sent);
        }
        release();
        return result;
    }

    /** Nothing is held back any longer than a worker's cycle. */
    @Override
    public void flush() {
        release();
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
        device.close();
    }

    private boolean happens(double probability) {
        return random.nextDouble() < probability;
    }

    private void release() {
        if (holding) {
            holding = false;
            device.send(held);
        }
    }

    private Packet damage(Packet packet, boolean corrupt, boolean truncate) {
        damaged.copyOf(packet);
        int length = packet.length();
        if (truncate && length > 1) {
            length = random.nextInt(1, length);
            damaged.plain(length); // what a device says of the whole no longer holds
        }
        if (corrupt && length > 0) {
            int at = Packet.OFFSET + random.nextInt(length);
            int bit = 1 << random.nextInt(Byte.SIZE);
            damaged.bytes().put(at, (byte) (damaged.bytes().get(at) ^ bit));
        }
        return damaged;
    }
}
