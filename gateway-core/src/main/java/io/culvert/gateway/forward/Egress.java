package io.culvert.gateway.forward;

import io.culvert.flow.Identifications;
import io.culvert.flow.NanoClock;
import io.culvert.flow.PacketCounters;
import io.culvert.hook.Reason;
import io.culvert.nat.Endpoints;
import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;
import io.culvert.tun.PacketDevice.PacketHandler;
import io.culvert.tun.PacketDevice.Sent;
import io.culvert.tun.PartialChecksum;
import io.culvert.tun.Segmenter;
import io.culvert.upgrade.Answers;
import io.culvert.wire.Fragmenter;
import io.culvert.wire.IcmpType;
import io.culvert.wire.IpPacket;
import io.culvert.wire.TraceOptions;

/**
 * How a packet that stays one leaves: as a router sends it on, one hop nearer, whole or in
 * fragments.
 *
 * <pre>
 *   time to live 1 or 0           Time Exceeded              RFC 1812 section 5.3.1, RFC 4443 section 3.3
 *   too big, IPv4 without DF      fragments                  RFC 1812 section 5.2.6
 *   too big, IPv4 with DF         Fragmentation Needed, MTU  RFC 1191 section 4
 *   too big, IPv6                 Packet Too Big, MTU        RFC 4443 section 3.2
 *   came in fragments             fragments, none larger than the largest that came
 *   the way out is down           Unreachable                RFC 1812 section 5.3.12.3
 * </pre>
 *
 * <p>DSCP and ECN stay as they are; the options that ask routers for their address or the time get
 * it. Confined to one worker.
 */
public final class Egress {
    /**
     * What a device that is down was sent first is lost, what comes in this time is answered; then
     * the device is tried again. A host that asks again after a second (RFC 6298 section 2) is
     * told.
     */
    private static final long DOWN_NANOS = 2_000_000_000L;

    private final NanoClock clock;
    private final Answers answers;
    private final PacketCounters counters;
    private final Identifications identifications;
    private final Packet fragment = new Packet();
    private final IpPacket segmentIp = new IpPacket();
    private final Segmenter segmenter = new Segmenter();
    private final DatagramTrain train = new DatagramTrain(this::sendTrain);

    private final PacketHandler segmentCutter = this::cutSegment;
    private final Fragmenter.Sink fragmentSender = this::sendFragment;

    // Of the packet that is being cut.
    private PacketDevice to;
    private int limit;
    private Sent worst;

    // The device that was found down last, and when.
    private PacketDevice down;
    private long downSince;

    public Egress(
            NanoClock clock,
            Answers answers,
            PacketCounters counters,
            Identifications identifications) {
        this.clock = clock;
        this.answers = answers;
        this.counters = counters;
        this.identifications = identifications;
    }

    /** As {@link Answers#reset(Endpoints, int, PacketDevice)}. */
    void reset(Endpoints from, int sequence, PacketDevice to) {
        answers.reset(from, sequence, to);
        to.flush();
    }

    /**
     * Whether a packet cannot go on; then its sender is told and it is counted.
     *
     * @param ip not rewritten yet, so that its sender recognises it
     * @param back where its sender is
     * @param outside whether that is behind a device off-ramp: there the address that the packet
     *     was sent to is the only one of ours that anybody knows and can answer to
     */
    boolean refuses(
            IpPacket ip, Packet packet, PacketDevice to, PacketDevice back, boolean outside) {
        if (ip.timeToLive() <= 1) {
            boolean told =
                    outside
                            ? answers.timeExceededAtDestination(ip, back)
                            : answers.refuse(ip, Reason.TIME_EXCEEDED, back);
            refuse(told, Reason.TIME_EXCEEDED, packet.packets());
            return true;
        }
        if (refusesAsDown(ip, packet, to, back, outside)) {
            return true;
        }
        if (isTooBig(ip, packet, to.mtu())) {
            refuse(tooBig(ip, to.mtu(), back, outside), Reason.TOO_BIG, packet.packets());
            return true;
        }
        return false;
    }

    /**
     * Whether the way out was down a moment ago; then a packet's sender is told, and it is counted.
     */
    boolean refusesAsDown(
            IpPacket ip, Packet packet, PacketDevice to, PacketDevice back, boolean outside) {
        if (to != down || clock.nanoTime() - downSince >= DOWN_NANOS) {
            return false;
        }
        refuse(unreachable(ip, back, outside), Reason.DEVICE_ERROR, packet.packets());
        return true;
    }

    private boolean tooBig(IpPacket ip, int mtu, PacketDevice back, boolean outside) {
        boolean ipv6 = ip.version() == 6;
        int type = ipv6 ? IcmpType.V6_PACKET_TOO_BIG : IcmpType.UNREACHABLE;
        int code = ipv6 ? 0 : IcmpType.FRAGMENTATION_NEEDED;
        return error(ip, type, code, mtu, back, outside);
    }

    private boolean unreachable(IpPacket ip, PacketDevice back, boolean outside) {
        boolean ipv6 = ip.version() == 6;
        int type = ipv6 ? IcmpType.V6_UNREACHABLE : IcmpType.UNREACHABLE;
        int code = ipv6 ? IcmpType.V6_NO_ROUTE : IcmpType.NET_UNREACHABLE;
        return error(ip, type, code, 0, back, outside);
    }

    private boolean error(
            IpPacket ip, int type, int code, int info, PacketDevice back, boolean outside) {
        return outside
                ? answers.errorFrom(
                        ip, type, code, info, ip.destinationHigh(), ip.destinationLow(), back)
                : answers.error(ip, type, code, info, back);
    }

    private void refuse(boolean told, Reason reason, int packets) {
        if (told) {
            counters.answered(packets);
        } else {
            counters.dropped(reason, packets);
        }
    }

    private static boolean isTooBig(IpPacket ip, Packet packet, int mtu) {
        if (ip.version() == 4 && !ip.ipv4().dontFragment()) {
            return false;
        }
        return needed(ip, packet) > mtu;
    }

    /** What came in fragments is sent on in fragments of the same size. */
    private static int needed(IpPacket ip, Packet packet) {
        return packet.fragmentSize() > 0 ? packet.fragmentSize() : longest(ip, packet);
    }

    /** Bytes of the longest packet that this one stands for. */
    private static int longest(IpPacket ip, Packet packet) {
        return packet.segmentSize() > 0
                ? Math.min(ip.length(), packet.headerLength() + packet.segmentSize())
                : ip.length();
    }

    /**
     * Takes DF off a packet that is ours, as we are its sender anew, where it has to be cut; it
     * gets an identification that its fragments are known by (RFC 6864 section 4.3).
     */
    void allowCutting(IpPacket ip, Packet packet, PacketDevice to) {
        if (ip.version() == 4 && ip.ipv4().dontFragment() && needed(ip, packet) > to.mtu()) {
            ip.ipv4().fragment(false, false, 0).identification(identification(ip));
        }
    }

    /** Sends a packet that is not {@link #refuses refused} one hop further, and counts it. */
    void send(IpPacket ip, Packet packet, PacketDevice to) {
        int hops = ip.timeToLive() - 1;
        if (ip.version() == 4) {
            ip.ipv4().timeToLive(hops);
            if (!TraceOptions.enter(ip, Answers.SELF_4.toIpv4(), clock.nanoTime())) {
                counters.dropped(Reason.MALFORMED_OPTION, packet.packets());
                return;
            }
        } else {
            ip.ipv6().hopLimit(hops);
        }
        if (ip.length() <= to.mtu() && train.take(ip, packet, to)) {
            return;
        }
        train.flush();
        count(put(ip, packet, to), packet.packets(), to);
    }

    /** Sends what was kept until the end of a batch of packets. */
    public void flush() {
        train.flush();
    }

    private void sendTrain(Packet packet, int packets, PacketDevice to) {
        count(to.send(packet), packets, to);
    }

    private void count(Sent sent, int packets, PacketDevice to) {
        if (sent == Sent.TAKEN) {
            counters.carried(packets);
        } else {
            if (sent == Sent.DOWN) {
                down = to;
                downSince = clock.nanoTime();
            }
            counters.dropped(sent == Sent.FULL ? Reason.QUEUE_FULL : Reason.DEVICE_ERROR, packets);
        }
    }

    private Sent put(IpPacket ip, Packet packet, PacketDevice to) {
        int mtu = to.mtu();
        limit = packet.fragmentSize() > 0 ? Math.min(mtu, packet.fragmentSize()) : mtu;
        if (longest(ip, packet) <= limit) {
            return to.send(packet);
        }
        this.to = to;
        worst = Sent.TAKEN;
        if (packet.segmentSize() > 0) {
            return segmenter.cut(packet, segmentCutter) > 0 ? worst : Sent.FAILED;
        }
        cut(ip, packet);
        return worst;
    }

    private void cutSegment(Packet one) {
        segmentIp.wrap(one.bytes(), Packet.OFFSET, one.length());
        cut(segmentIp, one);
    }

    private void cut(IpPacket ip, Packet packet) {
        if (!PartialChecksum.complete(packet)) {
            worst = worst.worse(Sent.FAILED);
            return;
        }
        boolean four = ip.version() == 4;
        int fragments =
                Fragmenter.cut(
                        packet.bytes(),
                        Packet.OFFSET,
                        packet.length(),
                        limit,
                        four ? ip.ipv4().identification() : identification(ip),
                        four && ip.ipv4().dontFragment(),
                        fragment.bytes(),
                        Packet.OFFSET,
                        fragmentSender);
        if (fragments == 0) {
            worst = worst.worse(Sent.FAILED);
        }
    }

    /**
     * Gives a packet with a new source an identification of that source's, so that its fragments
     * are never taken for another tenant's (RFC 6864 section 5.3). One that nobody may cut needs
     * none.
     */
    void identify(IpPacket ip) {
        if (ip.version() == 4 && !ip.ipv4().dontFragment()) {
            ip.ipv4().identification(identification(ip));
        }
    }

    private int identification(IpPacket ip) {
        return identifications.next(
                ip.sourceHigh(),
                ip.sourceLow(),
                ip.destinationHigh(),
                ip.destinationLow(),
                ip.protocol());
    }

    private void sendFragment(int length) {
        worst = worst.worse(to.send(fragment.plain(length)));
    }
}
