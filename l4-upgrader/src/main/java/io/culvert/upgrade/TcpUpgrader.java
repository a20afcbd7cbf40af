package io.culvert.upgrade;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowTable;
import io.culvert.flow.NanoClock;
import io.culvert.flow.PacketCounters;
import io.culvert.flow.RelayFigures;
import io.culvert.hook.Reason;
import io.culvert.linux.Errno;
import io.culvert.linux.Fd;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.SocketOptions;
import io.culvert.linux.Syscall;
import io.culvert.linux.TcpInfo;
import io.culvert.nat.Endpoints;
import io.culvert.nat.SlotAddresses;
import io.culvert.nat.SlotPool;
import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;
import io.culvert.wire.Defect;
import io.culvert.wire.IpPacket;
import io.culvert.wire.IpProtocol;

import java.nio.ByteBuffer;
import java.time.Duration;
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

    private static final int NONBLOCKING_CLOSE_ON_EXEC = 0x800 | 0x80000;

    /**
     * How long a slot is kept after its flow for the reset that the kernel sends: it comes with the
     * next batch, unless the connection was none yet.
     */
    private static final long LINGER_NANOS = 1_000_000_000L;

    private static final int AF_UNIX = 1;
    private static final int DATAGRAM_CLOSE_ON_EXEC = 2 | 0x80000;

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
    private int slotsPerTenant;
    private final ClientSockets clientSockets;
    private final ArrayDeque<Lingering> lingering = new ArrayDeque<>();
    private final ByteBuffer noLinger = NativeMemory.allocateNative(8).putInt(0, 1);
    private int downgrades;

    // A descriptor kept for the moment when there are no others.
    private int spare = spare();

    private final IpPacket ip = new IpPacket();
    private final IpPacket quoted = new IpPacket();
    private final Packet scratch = new Packet();
    private final ArrayList<HeldAcknowledgment> heldInward = new ArrayList<>();
    private final ArrayList<HeldAcknowledgment> heldOutward = new ArrayList<>();
    private final IpPacket scratchIp = new IpPacket();
    private final SocketAddressBuffer peer = new SocketAddressBuffer();
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
     * @param ip its first packet, a SYN; counted as carried here, until the dial has failed
     * @param ramp where replies go
     * @return {@code null}, or why it cannot be; then the packet is the caller's
     */
    public Reason open(
            Flow flow, SocketOffRamp offRamp, IpPacket ip, Packet packet, PacketDevice ramp) {
        if (!flow.tenant().claimSlot(slotsPerTenant)) {
            return Reason.TENANT_SLOTS;
        }
        UpgradedTcp connection = new UpgradedTcp(this, flow, packet, packet.packets(), ramp, null);
        flow.path(connection);
        SocketOffRamp.Target target =
                offRamp.target(ip.destinationHigh(), ip.destinationLow(), ip.destinationPort());
        connection.dial(target, ip.trafficClass());
        return null;
    }

    /**
     * Upgrades a new flow whose target is behind a tunnel, too.
     *
     * @param tunnel where what is for the target goes
     * @see #open
     */
    public Reason openInto(
            PacketDevice tunnel, Flow flow, IpPacket ip, Packet packet, PacketDevice ramp) {
        if (!flow.tenant().claimSlot(slotsPerTenant)) {
            return Reason.TENANT_SLOTS;
        }
        UpgradedTcp connection =
                new UpgradedTcp(this, flow, packet, packet.packets(), ramp, tunnel);
        flow.path(connection);
        connection.dialIntoTunnel(ip.trafficClass());
        return null;
    }

    /**
     * From now on these apply; a lower one ends nothing.
     *
     * @param slots in all
     * @param ofTenant connections of one tenant that live at once
     * @param dials under way at once, each within so many nanoseconds
     * @param idle see {@link Dialer}
     * @param relayBuffer see {@link Splicer}
     */
    public void limits(
            int slots,
            int ofTenant,
            int dials,
            long dialTimeoutNanos,
            Duration idle,
            int relayBuffer) {
        this.slots.capacity(slots);
        slotsPerTenant = ofTenant;
        dialer.limits(dialTimeoutNanos, dials, idle);
        splicer.pipeCapacity(relayBuffer);
    }

    /** Ends a flow whose time is over. */
    public void expire(Flow flow) {
        table.close(flow, ((UpgradedTcp) flow.path()).ending());
    }

    /** Lets time limits of dials and half-closed splices act; called now and then. */
    public void tick(long halfClosedNanos) {
        dialer.expire(now());
        splicer.expireHalfClosed(now(), halfClosedNanos);
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

    /**
     * The flow may not go on, whatever its state; what its ends are told waits for {@link
     * #deliver}.
     */
    public void cut(Flow flow, Reason reason) {
        if (flow.path() instanceof UpgradedTcp connection) {
            connection.cut(reason);
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

    /** Whose connection the listener has just accepted. */
    private UpgradedTcp atPeer() {
        return at(slot(peer.isIpv6(), peer.addressHigh(), peer.addressLow(), peer.port()));
    }

    private void accept(Fd listener) {
        cycle.run();
        for (int socket = next(listener); socket >= 0; socket = next(listener)) {
            UpgradedTcp connection = atPeer();
            if (connection == null || !connection.accepted(socket)) {
                closeWithReset(socket);
            }
        }
    }

    /** The next connection's socket with {@link #peer} set; negative where none waits. */
    private int next(Fd listener) {
        int socket = acceptOne(listener);
        if (isShort(socket) && clientSockets.shed()) {
            socket = acceptOne(listener);
        }
        if (isShort(socket)) {
            turnAway(listener);
        }
        // ECONNABORTED and the like concern one connection; level-triggered, we come again for the
        // others.
        return socket;
    }

    /** Whether no descriptor was left. */
    private static boolean isShort(int socket) {
        return Errno.EMFILE.is(socket) || Errno.ENFILE.is(socket);
    }

    /**
     * Without this, a connection that there is no descriptor for would keep the listener ready, and
     * us busy, for ever.
     */
    private void turnAway(Fd listener) {
        Syscall.close(spare);
        int socket = acceptOne(listener);
        if (socket >= 0) {
            UpgradedTcp connection = atPeer();
            if (connection != null) {
                connection.turnedAway();
            }
            closeWithReset(socket);
        }
        spare = spare();
    }

    private int acceptOne(Fd listener) {
        peer.prepare();
        return Syscall.accept(
                listener.number(), peer.address(), peer.lengthAddress(), NONBLOCKING_CLOSE_ON_EXEC);
    }

    private static int spare() {
        return Syscall.socket(AF_UNIX, DATAGRAM_CLOSE_ON_EXEC, 0);
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

    /** Sends a packet of the kernel's to a flow's peer. */
    void send(Packet packet, int packets, PacketDevice ramp) {
        if (ramp.send(packet) == PacketDevice.Sent.TAKEN) {
            counters.returned(packets);
        }
    }

    /** Asks both sockets of a splice that is over, still open, how it went. */
    RelayFigures figures(Splice over) {
        boolean asked = initiatorInfo.read(over.initiator()) && targetInfo.read(over.target());
        return new RelayFigures(
                over.bytesUp(),
                over.bytesDown(),
                asked ? initiatorInfo.rtt() : 0,
                asked ? initiatorInfo.retransmits() : 0,
                asked ? targetInfo.rtt() : 0,
                asked ? targetInfo.retransmits() : 0);
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

    /** socket(7), SO_LINGER: with a linger time of zero, close sends RST and not FIN. */
    void closeWithReset(int socket) {
        Syscall.setsockopt(
                socket,
                SocketOptions.SOL_SOCKET,
                SocketOptions.SO_LINGER,
                NativeMemory.address(noLinger),
                8);
        Syscall.close(socket);
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
        Syscall.close(spare);
    }
}
