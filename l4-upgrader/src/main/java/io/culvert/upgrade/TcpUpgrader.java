package io.culvert.upgrade;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowTable;
import io.culvert.flow.NanoClock;
import io.culvert.flow.PacketCounters;
import io.culvert.flow.Tenant;
import io.culvert.hook.Reason;
import io.culvert.linux.Fd;
import io.culvert.nat.SlotAddresses;
import io.culvert.nat.SlotPool;
import io.culvert.tun.HeldPacket;
import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;
import io.culvert.wire.Defect;
import io.culvert.wire.IpPacket;
import io.culvert.wire.IpProtocol;

import java.time.Duration;
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
    private final Handlers handlers;
    private final Acceptor acceptor;
    private final SlotFlows slotFlows;
    private final LingeringTargets lingering;
    private int downgrades;
    private final AcceptedFlows accepted = new AcceptedFlows(this);

    private final IpPacket ip = new IpPacket();
    private final IpPacket quoted = new IpPacket();
    private final Packet scratch = new Packet();
    private final ArrayList<HeldAcknowledgment> heldInward = new ArrayList<>();
    private final ArrayList<HeldAcknowledgment> heldOutward = new ArrayList<>();
    private final IpPacket scratchIp = new IpPacket();
    private final LastLook lastLook = new LastLook();

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
        slotFlows = new SlotFlows(entrance.addresses(), slots);
        lingering = new LingeringTargets(clock);
        clientSockets = new ClientSockets(entrance.thread(), poller);
        acceptor = new Acceptor(clientSockets, slotFlows);
        handlers = new Handlers(poller, splicer, lastLook, clock);
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
     * @param recipient who gets the connection; {@code null} for the relay. It is told that it is
     *     over whatever this answers
     * @param ip its first packet, a SYN; counted as carried here, until the dial has failed
     * @param ramp where replies go
     * @return {@code null}, or why it cannot be; then the packet is the caller's
     */
    public Reason open(
            Flow flow,
            SocketOffRamp offRamp,
            Recipient recipient,
            IpPacket ip,
            Packet packet,
            PacketDevice ramp) {
        SocketOffRamp.Target address = offRamp.target(flow);
        TargetSide target = TargetSide.ofHost(this, flow, address, ip.trafficClass());
        return open(flow, target, recipient, packet, ramp);
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
            Recipient recipient,
            IpPacket ip,
            Packet packet,
            PacketDevice ramp) {
        TargetSide target = TargetSide.ofTunnel(this, flow, tunnel, ip.trafficClass());
        return open(flow, target, recipient, packet, ramp);
    }

    private Reason open(
            Flow flow, TargetSide target, Recipient recipient, Packet packet, PacketDevice ramp) {
        if (!claimSlot(flow, recipient)) {
            return Reason.TENANT_SLOTS;
        }
        HeldSyn syn = new HeldSyn(counters, packet);
        UpgradedSockets sockets = new UpgradedSockets(this, recipient);
        UpgradedTcp connection = new UpgradedTcp(this, flow, syn, ramp, target, sockets);
        flow.path(connection);
        connection.open();
        return null;
    }

    /**
     * Upgrades a new flow whose initiator's connection stands already.
     *
     * @param to where its target is
     * @param obstacle why nobody may be dialed there; {@code null} where somebody may
     * @param recipient as of {@link #open}
     * @param socket the initiator's, taken where this answers {@code null}
     * @param ramp stands for where it came in
     * @param outcome told of the flow, where this answers {@code null}
     * @return {@code null}, or why it cannot be
     */
    public Reason openAccepted(
            Flow flow,
            SocketOffRamp.Target to,
            Reason obstacle,
            Recipient recipient,
            int socket,
            PacketDevice ramp,
            AcceptedOutcome outcome) {
        if (!claimSlot(flow, recipient)) {
            return Reason.TENANT_SLOTS;
        }
        accepted.open(flow, to, obstacle, recipient, socket, ramp, outcome);
        return null;
    }

    private boolean claimSlot(Flow flow, Recipient recipient) {
        boolean claimed = flow.tenant().claimSlot(slotsPerTenant);
        if (!claimed && recipient != null) {
            recipient.over();
        }
        return claimed;
    }

    /** Why no connection of that tenant can be upgraded now; {@code null} where one can. */
    public Reason obstacle(Tenant tenant) {
        return tenant.slots() < slotsPerTenant ? null : Reason.TENANT_SLOTS;
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
        table.close(flow, ((TcpPath) flow.path()).ending());
    }

    /** Lets time limits of dials and half-closed splices act; called now and then. */
    public void tick(long halfClosedNanos) {
        dialer.expire(now());
        splicer.expireHalfClosed(now(), halfClosedNanos);
        handlers.expire();
        lingering.expire();
        accepted.tick();
    }

    /** Cuts a relayed flow; what its initiator is told waits for {@link #deliver}. */
    public void reset(Flow flow, Reason reason) {
        if (flow.path() instanceof TcpPath connection) {
            connection.reset(reason);
        }
    }

    /**
     * The flow may not go on, whatever its state; what its ends are told waits for {@link
     * #deliver}.
     */
    public void cut(Flow flow, Reason reason) {
        if (flow.path() instanceof TcpPath connection) {
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
            int slot =
                    slotFlows.slot(
                            ipv6, ip.destinationHigh(), ip.destinationLow(), ip.destinationPort());
            UpgradedTcp connection = slotFlows.at(slot);
            if (connection != null) {
                connection.reply(slot, ip, packet);
            }
        } else if (ip.icmp() != null && ip.icmp().isError() && wrapQuoted(ip, quoted)) {
            int slot =
                    slotFlows.slot(
                            ipv6, quoted.sourceHigh(), quoted.sourceLow(), quoted.sourcePort());
            UpgradedTcp connection = slotFlows.at(slot);
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

    /** Whose is what, inside the namespace. */
    SlotFlows slotFlows() {
        return slotFlows;
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
        lingering.add(side);
    }

    /** So many more flows have a target's side of packets. */
    void downgrades(int more) {
        downgrades += more;
    }

    /** Those whose initiators come by connections. */
    AcceptedFlows acceptedFlows() {
        return accepted;
    }

    Poller poller() {
        return poller;
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

    Handlers handlers() {
        return handlers;
    }

    LastLook lastLook() {
        return lastLook;
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

    /** Connections that the host's kernel has accepted. */
    public int accepted() {
        return accepted.size();
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
