package io.culvert.tun;

import io.culvert.tun.PacketDevice.PacketHandler;

/**
 * Makes super-packets of the packets that a link without offloads brings, so that what follows
 * handles one where there were up to forty: the other half of {@link Segmenter}, which makes the
 * very same packets of them again. TCP and UDP over IPv4 and IPv6; everything else goes through as
 * it came, and so does a packet with a wrong checksum.
 *
 * <p>Used by a receive loop, with any handler:
 *
 * <pre>
 *   while (budget-- &gt; 0 &amp;&amp; read(packet)) {
 *       coalescer.take(packet, handler);
 *   }
 *   coalescer.flush(handler);
 * </pre>
 *
 * Nothing is held over from one batch to the next, so one coalescer does for all links of a worker.
 * A super-packet looks as a {@link TunQueue}'s does: its checksum is partial, its lengths are those
 * of the whole.
 *
 * <p>Order is kept within each flow, and between a flow and packets that may be of it: a fragment,
 * or one with IP options or extension headers, overtakes nothing between the same addresses.
 *
 * <p>At most {@value #FLOWS} flows' packets are held, each in 64 KiB that are reserved when first
 * needed; then the flow that has waited longest gives way. Confined to one worker; the handler may
 * not call back.
 */
public final class Coalescer {
    /** {@code MAX_GRO_SKBS} of Linux, which has so many in each of eight buckets. */
    private static final int FLOWS = 8;

    private final Candidate candidate = new Candidate();

    /** Those in use first, the oldest of them foremost; then those to be used again. */
    private final Run[] runs = new Run[FLOWS];

    private int held;

    /**
     * Takes one packet of a link, and hands on what is complete by it, maybe the packet itself. The
     * caller may use the packet again when this returns, as the handler may those it gets, until it
     * returns.
     */
    public void take(Packet packet, PacketHandler handler) {
        boolean mergeable = candidate.read(packet);
        int at = 0;
        while (at < held) {
            Run run = runs[at];
            if (!run.isOf(candidate)) {
                at++;
            } else if (mergeable && run.isFollowedBy(candidate)) {
                if (run.add(candidate)) {
                    handOn(at, handler);
                }
                return;
            } else {
                handOn(at, handler);
            }
        }
        if (!mergeable || candidate.pushes()) {
            handler.handle(packet);
        } else {
            begin(handler);
        }
    }

    private void begin(PacketHandler handler) {
        if (held == FLOWS) {
            handOn(0, handler);
        }
        if (runs[held] == null) {
            runs[held] = new Run();
        }
        runs[held].begin(candidate);
        held++;
    }

    /** Hands on all that is held, oldest first: at the end of a batch. */
    public void flush(PacketHandler handler) {
        while (held > 0) {
            handOn(0, handler);
        }
    }

    /** Forgets what is held, where a handler has failed: it is nobody else's. */
    public void clear() {
        held = 0;
    }

    private void handOn(int at, PacketHandler handler) {
        Run run = runs[at];
        held--;
        System.arraycopy(runs, at + 1, runs, at, held - at);
        runs[held] = run;
        handler.handle(run.whole());
    }
}
