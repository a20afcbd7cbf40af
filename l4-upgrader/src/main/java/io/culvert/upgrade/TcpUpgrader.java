package io.culvert.upgrade;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowTable;
import io.culvert.flow.NanoClock;
import io.culvert.flow.PacketCounters;
import io.culvert.flow.RelayFigures;
import io.culvert.flow.Tenant;
import io.culvert.hook.Reason;
import io.culvert.linux.Fd;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.SocketOptions;
import io.culvert.linux.Syscall;
import io.culvert.linux.TcpInfo;
import io.culvert.nat.Endpoints;
import io.culvert.nat.SlotAddresses;
import io.culvert.nat.SlotPool;
import io.culvert.tun.HeldPacket;
import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;
import io.culvert.wire.Defect;
import io.culvert.wire.IpPacket;
import io.culvert.wire.IpProtocol;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Upgrades one worker's TCP flows: translates their packets into the {@linkplain UpgradeNamespace
 * namespace} and back, accepts what the kernel has connected there, and has it joined to a socket
 * that was dialed before: one of the host's, or another one in the namespace, whose packets leave
 * by a tunnel.
 *
 * <p>Confined to one worker.
 */
public final class TcpUpgrader implements AutoCloseable {
    /** Packets taken from the namespace before others have their turn. */
    private static final int BUDGET = 64;

    /**
     * How long a slot is kept after its flow for the reset that the kernel sends: it comes with the
     * next batch, unless the connection was none yet.
     */
    private static final long LINGER_NANOS = 1_000_000_000L;

    private final FlowTable table;
    private final UpgradeNamespace.Entrance entrance;
    private final Poller poller;
    private final NanoClock clock;
    private final Runnable cycle;
    private final PacketCounters counters;
    private final Answers answers;
    private final SlotPool slots;
    private final Dialer dialer;
    private final Splicer splicer;
    private final int slotsPerTenant;
    private final ClientSockets clientSockets;
    private final Handlers handlers;
    private final Acceptor acceptor;
    private final ArrayDeque<Lingering> lingering = new ArrayDeque<>();
    private int downgrades;

    private final IpPacket ip = new IpPacket();
    private final IpPacket quoted = new IpPacket();
    private final Packet scratch = new Packet();
    private final ArrayList<HeldAcknowledgment> heldInward = new ArrayList<>();
    private final ArrayList<HeldAcknowledgment> heldOutward = new ArrayList<>();
    private final IpPacket scratchIp = new IpPacket();
    private final TcpInfo initiatorInfo = new TcpInfo();
    private final TcpInfo targetInfo = new TcpInfo();

    /** A target's side that has outlived its flow. */
    private record Lingering(DowngradedTcp side, long untilNanos) {}

    /**
     * @param cycle called at the start of each batch of packets from the namespace, to refresh the
     *     clock
     * @param slotsPerTenant connections of one tenant, dials included, that live at once
     */
    public TcpUpgrader(
            FlowTable table,
            UpgradeNamespace.Entrance entrance,
            Poller poller,
            NanoClock clock,
            Runnable cycle,
            PacketCounters counters,
            Answers answers,
            SlotPool slots,
            Dialer dialer,
            Splicer splicer,
            int slotsPerTenant) {
        this.table = table;
        this.entrance = entrance;
        this.poller = poller;
        this.clock = clock;
        this.cycle = cycle;
        this.counters = counters;
        this.answers = answers;
        this.slots = slots;
        this.dialer = dialer;
        this.splicer = splicer;
        this.slotsPerTenant = slotsPerTenant;
        clientSockets = new ClientSockets(entrance.thread(), poller);
        acceptor = new Acceptor(clientSockets, new Accepted());
        handlers = new Handlers(poller, splicer, clock);
    }

    /** Begins to take packets and connections from the namespace; on the worker's thread. */
    public void start() {
        poller.watch(entrance.device().descriptor(), Poller.IN, events -> fromNamespace());
        poller.watch(
                entrance.listener4().number(), Poller.IN, events -> accept(entrance.listener4()));
        poller.watch(
                entrance.listener6().number(), Poller.IN, events -> accept(entrance.listener6()));
    }

    /**
     * Upgrades a new flow.
     *
     * @param handling who gets the connection; {@code null} for the relay. It is told that it is
     *     over whatever this answers
     * @param ip its first packet, a SYN; counted as carried here, until the dial has failed
     * @param ramp where replies go
     * @return {@code null}, or why it cannot be; then the packet is the caller's
     */
    public Reason open(
            Flow flow,
            SocketOffRamp offRamp,
            Handling handling,
            IpPacket ip,
            Packet packet,
            PacketDevice ramp) {
        SocketOffRamp.Target address = offRamp.target(flow);
        TargetSide target = TargetSide.ofHost(this, flow, address, ip.trafficClass());
        return open(flow, target, handling, packet, ramp);
    }

    /**
     * Upgrades a new flow whose target is behind a tunnel, too.
     *
     * @param tunnel where what is for the target goes
     * @see #open
     */
    public Reason openInto(
            PacketDevice tunnel,
            Flow flow,
            Handling handling,
            IpPacket ip,
            Packet packet,
            PacketDevice ramp) {
        TargetSide target = TargetSide.ofTunnel(this, flow, tunnel, ip.trafficClass());
        return open(flow, target, handling, packet, ramp);
    }

    private Reason open(
            Flow flow, TargetSide target, Handling handling, Packet packet, PacketDevice ramp) {
        if (!flow.tenant().claimSlot(slotsPerTenant)) {
            if (handling != null) {
                handling.over();
            }
            return Reason.TENANT_SLOTS;
        }
        HeldSyn syn = new HeldSyn(counters, packet);
        UpgradedTcp connection = new UpgradedTcp(this, flow, syn, ramp, target, handling);
        flow.path(connection);
        connection.open();
        return null;
    }

    /** Why no connection of that tenant can be upgraded now; {@code null} where one can. */
    public Reason obstacle(Tenant tenant) {
        return tenant.slots() < slotsPerTenant ? null : Reason.TENANT_SLOTS;
    }

    /** The joint of an initiator's socket that a handler gets. */
    HandledJoint handled(
            Handling handling, String name, int socket, TargetSide target, Joint.Done done) {
        return new HandledJoint(handlers, this, handling, name, socket, target, done);
    }

    /** Ends a flow whose time is over. */
    public void expire(Flow flow) {
        table.close(flow, ((UpgradedTcp) flow.path()).ending());
    }

    /** Lets time limits of dials and half-closed splices act; called now and then. */
    public void tick(long halfClosedNanos) {
        dialer.expire(now());
        splicer.expireHalfClosed(now(), halfClosedNanos);
        handlers.expire();
        for (Lingering eldest = lingering.peek();
                eldest != null && now() - eldest.untilNanos >= 0;
                eldest = lingering.peek()) {
            lingering.poll();
            eldest.side.end();
        }
    }

    /** Cuts a relayed flow; what its initiator is told waits for {@link #deliver}. */
    public void reset(Flow flow, Reason reason) {
        if (flow.path() instanceof UpgradedTcp connection) {
            connection.reset(reason);
        }
    }

    /** A tunnel that the flow uses has gone; what others are told waits for {@link #deliver}. */
    public void tunnelGone(Flow flow) {
        if (flow.path() instanceof UpgradedTcp connection) {
            connection.tunnelGone();
        }
    }

    /** Carries on all that has come out of the namespace. */
    public void deliver() {
        cycle.run();
        while (entrance.device().receive(this::reply, BUDGET) == BUDGET) {
            // There is more.
        }
    }

    private void fromNamespace() {
        cycle.run();
        entrance.device().receive(this::reply, BUDGET);
        send(heldOutward);
    }

    /** Sends what was kept until the end of a batch of packets from initiators. */
    public void flush() {
        send(heldInward);
    }

    private static void send(List<HeldAcknowledgment> held) {
        for (int i = 0; i < held.size(); i++) {
            held.get(i).send();
        }
        held.clear();
    }

    /** For acknowledgments of a flow's peer. */
    HeldAcknowledgment holdInward() {
        return new HeldAcknowledgment(heldInward, scratch, this::intoNamespace);
    }

    /** For acknowledgments of the kernel's to a flow's peer. */
    HeldAcknowledgment holdOutward(PacketDevice ramp) {
        return new HeldAcknowledgment(heldOutward, scratch, packet -> send(packet, 1, ramp));
    }

    private void reply(Packet packet) {
        if (ip.wrap(packet.bytes(), Packet.OFFSET, packet.length()) != Defect.NONE) {
            return;
        }
        boolean ipv6 = ip.version() == 6;
        if (ip.protocol() == IpProtocol.TCP && !ip.isFragment()) {
            int slot = slot(ipv6, ip.destinationHigh(), ip.destinationLow(), ip.destinationPort());
            UpgradedTcp connection = at(slot);
            if (connection != null) {
                connection.reply(slot, ip, packet);
            }
        } else if (ip.icmp() != null && ip.icmp().isError() && wrapQuoted(ip, quoted)) {
            int slot = slot(ipv6, quoted.sourceHigh(), quoted.sourceLow(), quoted.sourcePort());
            UpgradedTcp connection = at(slot);
            if (connection != null) {
                connection.errorReply(slot, ip, quoted, packet);
            }
        }
        // Anything else is the kernel's own chatter on a new device, such as multicast reports.
    }

    private static boolean wrapQuoted(IpPacket error, IpPacket quoted) {
        int at = error.icmp().payloadOffset();
        return quoted.wrapQuoted(error.bytes(), at, error.start() + error.length() - at)
                == Defect.NONE;
    }

    private int slot(boolean ipv6, long high, long low, int port) {
        return entrance.addresses().slot(ipv6, high, low, port);
    }

    private UpgradedTcp at(int slot) {
        Flow flow = slots.flow(slot);
        return flow == null ? null : (UpgradedTcp) flow.path();
    }

    /** Gives connections of the namespace's listeners to the flows that they are of. */
    private final class Accepted implements Acceptor.Receiver {
        @Override
        public boolean accepted(SocketAddressBuffer peer, int socket) {
            UpgradedTcp connection = of(peer);
            return connection != null && connection.accepted(socket);
        }

        @Override
        public void turnedAway(SocketAddressBuffer peer) {
            UpgradedTcp connection = of(peer);
            if (connection != null) {
                connection.turnedAway();
            }
        }

        private UpgradedTcp of(SocketAddressBuffer peer) {
            return at(slot(peer.isIpv6(), peer.addressHigh(), peer.addressLow(), peer.port()));
        }
    }

    private void accept(Fd listener) {
        cycle.run();
        acceptor.accept(listener);
    }

    void replay(HeldPacket held, UpgradedTcp connection) {
        held.into(scratch);
        scratchIp.wrap(scratch.bytes(), Packet.OFFSET, scratch.length());
        connection.begin(scratchIp, scratch);
    }

    /** Whether an answer went out. */
    boolean answer(HeldPacket held, Reason reason, PacketDevice ramp) {
        held.into(scratch);
        scratchIp.wrap(scratch.bytes(), Packet.OFFSET, scratch.length());
        return answers.refuse(scratchIp, reason, ramp);
    }

    boolean intoNamespace(Packet packet) {
        return entrance.device().send(packet) == PacketDevice.Sent.TAKEN;
    }

    /** Whether a rate has packets of the target's dropped, which are counted then. */
    boolean withholds(Flow flow, int packets, int bytes) {
        return Withheld.is(flow, packets, bytes, now(), counters);
    }

    /** Sends a packet of the kernel's to a flow's peer. */
    void send(Packet packet, int packets, PacketDevice ramp) {
        if (ramp.send(packet) == PacketDevice.Sent.TAKEN) {
            counters.returned(packets);
        }
    }

    /** Asks both sockets of a joint that is over, still open, how it went. */
    RelayFigures figures(Joint over) {
        boolean asked = initiatorInfo.read(over.initiator());
        boolean targetAsked = targetInfo.read(over.target());
        return new RelayFigures(
                over.bytesUp(),
                over.bytesDown(),
                asked ? initiatorInfo.rtt() : 0,
                asked ? initiatorInfo.retransmits() : 0,
                targetAsked ? targetInfo.rtt() : 0,
                targetAsked ? targetInfo.retransmits() : 0);
    }

    /** Whether nothing is left of the connection that the socket had: nobody will end it. */
    boolean isGone(int socket) {
        return initiatorInfo.read(socket) && initiatorInfo.state() == TcpInfo.CLOSED;
    }

    /** Whether an error of the connection has not been told yet. */
    boolean hasFailed(int socket) {
        return Syscall.getsockopt(socket, SocketOptions.SOL_SOCKET, SocketOptions.SO_ERROR) > 0;
    }

    /** What the packets of a flow's initiator carry. */
    static Endpoints ofInitiator(FlowKey key) {
        return new Endpoints(
                key.sourceHigh(),
                key.sourceLow(),
                key.sourcePort(),
                key.destinationHigh(),
                key.destinationLow(),
                key.destinationPort());
    }

    /**
     * What a peer's packets carry inside the namespace.
     *
     * @param slot stands for the peer
     * @param port the kernel's
     */
    Endpoints inside(boolean ipv6, int slot, int port) {
        SlotAddresses addresses = entrance.addresses();
        return new Endpoints(
                addresses.high(ipv6),
                addresses.slotLow(ipv6, slot),
                addresses.slotPort(slot),
                addresses.high(ipv6),
                addresses.listenerLow(ipv6),
                port);
    }

    /** Begins to connect, from inside the namespace, to whom the slot stands for. */
    Dialer.Dial dialSlot(boolean ipv6, int slot, int trafficClass, Dialer.Outcome outcome) {
        SlotAddresses addresses = entrance.addresses();
        return dialer.dial(
                clientSockets,
                addresses.high(ipv6),
                addresses.slotLow(ipv6, slot),
                addresses.slotPort(slot),
                trafficClass,
                now(),
                outcome);
    }

    /** Ends a target's side a little after its flow. */
    void linger(DowngradedTcp side) {
        lingering.add(new Lingering(side, now() + LINGER_NANOS));
    }

    /** So many more flows have a target's side of packets. */
    void downgrades(int more) {
        downgrades += more;
    }

    long now() {
        return clock.nanoTime();
    }

    FlowTable table() {
        return table;
    }

    PacketCounters counters() {
        return counters;
    }

    Dialer dialer() {
        return dialer;
    }

    Splicer splicer() {
        return splicer;
    }

    SlotPool slots() {
        return slots;
    }

    /** Relays alive, and pipes open, for a look from the worker's own thread. */
    public int relays() {
        return splicer.live();
    }

    /** Connections that handlers have. */
    public int handled() {
        return handlers.live();
    }

    public int pipes() {
        return splicer.pipes();
    }

    public int slotsUsed() {
        return slots.used();
    }

    public int dials() {
        return dialer.pending();
    }

    /** Target's sides that are packets. */
    public int downgrades() {
        return downgrades;
    }

    /** Sockets made ahead of demand. */
    public int spareSockets() {
        return clientSockets.ready();
    }

    @Override
    public void close() {
        splicer.close();
        clientSockets.close();
        acceptor.close();
    }
}
