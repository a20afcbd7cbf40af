package io.culvert.gateway;

import io.culvert.flow.Tenant;
import io.culvert.gateway.forward.TunnelPort;
import io.culvert.gateway.forward.TunnelPorts;
import io.culvert.gateway.policy.AddressSet;
import io.culvert.hook.Context;
import io.culvert.hook.TunnelInfo;
import io.culvert.tun.GueEndpoint;
import io.culvert.tun.GuePeer;
import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;

import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * One tunnel of a {@link GueOnRamp}. Nobody connects: its packets go where one of it last came
 * from.
 *
 * <pre>
 *   packet in, on any worker ─► was the last from elsewhere? ─► from now on all workers send there
 *   packet out, on any worker ─► where is that? ─► the worker's own GuePeer of the address
 * </pre>
 *
 * <p>Threading: {@link #heard} on the workers, each end confined to its own, the rest from any.
 */
final class GueTunnel {
    /** How exactly it is known when the last packet came; so seldom do workers share a write. */
    private static final long PRECISION_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** Where there is no peer yet, and no packet goes anywhere: Ethernet's less all headers. */
    private static final int UNKNOWN_MTU = 1_448;

    private final TunnelPorts ports;
    private final Admittance admittance;
    private final byte[] privateData;
    private final int mostMtu;

    /** The outer address, told by a peer of any worker's endpoint, which may have forgotten it. */
    private volatile GuePeer<GueSource> last;

    private volatile boolean heard;
    private volatile long heardAtNanos;
    private volatile boolean gone;

    /**
     * @param sources the addresses that packets may come from
     * @param info for hooks
     * @param admittance released when it ends; {@code null} where it is of the configuration
     * @param privateData what the packets carry in their GUE header, both ways; may be empty
     * @param mtu bytes of the longest packet, where the path takes as many
     * @param endpoints each worker's
     */
    GueTunnel(
            String name,
            Tenant tenant,
            AddressSet sources,
            TunnelInfo info,
            Admittance admittance,
            byte[] privateData,
            int mtu,
            List<GueEndpoint<GueSource>> endpoints) {
        this.admittance = admittance;
        this.privateData = privateData;
        mostMtu = mtu;
        ports =
                new TunnelPorts(
                        name,
                        tenant,
                        sources,
                        info,
                        admittance == null ? Context.EMPTY : admittance.known(),
                        endpoints.stream().map(End::new).toList());
    }

    TunnelPorts ports() {
        return ports;
    }

    TunnelPort port(int worker) {
        return ports.of(worker);
    }

    /** Packets go there until one has come. */
    void expect(GuePeer<GueSource> peer) {
        last = peer;
    }

    /** A packet of it came from there. */
    void heard(GuePeer<GueSource> from, long nowNanos) {
        GuePeer<GueSource> before = last;
        if (before != from
                && (before == null || before.low() != from.low() || before.high() != from.high())) {
            last = from;
        }
        if (!heard || nowNanos - heardAtNanos >= PRECISION_NANOS) {
            heardAtNanos = nowNanos;
            heard = true;
        }
    }

    /** Whether any packet has ever come. */
    boolean isHeard() {
        return heard;
    }

    /** Whether none has come for so long. */
    boolean isSilent(long nowNanos, long forNanos) {
        return heard && nowNanos - heardAtNanos >= forNanos;
    }

    /** It is there without a packet; it is silent if none comes. */
    void begun(long nowNanos) {
        heardAtNanos = nowNanos;
        heard = true;
    }

    /** It is no tunnel any more; the same text is another's. */
    void end() {
        gone = true;
        release();
    }

    /** What plugins know of it is no longer needed. */
    void release() {
        if (admittance != null) {
            admittance.release();
        }
    }

    boolean isGone() {
        return gone;
    }

    /** One worker's. Packets come in by its {@link GueIntake}. */
    private final class End implements PacketDevice {
        private final GueEndpoint<GueSource> endpoint;
        private GuePeer<GueSource> told;
        private GuePeer<GueSource> own;

        End(GueEndpoint<GueSource> endpoint) {
            this.endpoint = endpoint;
        }

        private GuePeer<GueSource> peer() {
            GuePeer<GueSource> now = last;
            if (now != told || own == null || own.isClosed()) {
                told = now;
                own = now == null ? null : endpoint.twin(now);
            }
            return own;
        }

        @Override
        public int receive(PacketHandler handler, int budget) {
            return 0;
        }

        @Override
        public Sent send(Packet packet) {
            GuePeer<GueSource> peer = peer();
            return peer == null ? Sent.DOWN : peer.send(packet, privateData);
        }

        @Override
        public void flush() {
            endpoint.flush();
        }

        @Override
        public int mtu() {
            GuePeer<GueSource> peer = peer();
            return Math.min(mostMtu, peer == null ? UNKNOWN_MTU : peer.mtu(privateData.length));
        }

        @Override
        public int descriptor() {
            return -1;
        }

        @Override
        public void close() {
            // The sockets are the endpoint's, for all tunnels.
        }
    }
}
