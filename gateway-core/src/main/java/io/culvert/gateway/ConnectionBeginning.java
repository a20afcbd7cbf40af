package io.culvert.gateway;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.gateway.forward.TunnelPort;
import io.culvert.gateway.plugin.Answer;
import io.culvert.hook.Endpoint;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.Reason;
import io.culvert.linux.Syscall;
import io.culvert.nat.Endpoints;
import io.culvert.tun.Packet;
import io.culvert.upgrade.AcceptedOutcome;
import io.culvert.upgrade.Recipient;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

/**
 * A connection that the host's kernel has accepted, on its way to be a flow. Whoever refuses it
 * resets it: there is no answering as if it had never stood.
 *
 * <p>Confined to one worker.
 */
final class ConnectionBeginning implements Beginning, Beginning.Kept {
    private final Reception reception;
    private final TunnelPort port;
    private final int socket;
    private final int number;
    private final Endpoints ends;
    private final AcceptedOutcome outcome;

    /** The gateway may end it while plugins are asked, whose answer comes then for nothing. */
    private boolean closed;

    /**
     * @param socket is this one's until a flow has it
     * @param number by which its flow is told from others between the same ends
     * @param ends who it is from, and whom it is taken to be for
     * @param outcome told what becomes of it
     */
    ConnectionBeginning(
            Reception reception,
            TunnelPort port,
            int socket,
            int number,
            Endpoints ends,
            AcceptedOutcome outcome) {
        this.reception = reception;
        this.port = port;
        this.socket = socket;
        this.number = number;
        this.ends = ends;
        this.outcome = outcome;
    }

    @Override
    public TunnelPort port() {
        return port;
    }

    @Override
    public void setKey(FlowKey key) {
        setKey(key, port, ends).connection(number);
    }

    static FlowKey setKey(FlowKey key, TunnelPort port, Endpoints ends) {
        return key.set(
                port.tenant().id(),
                IpProtocol.TCP,
                ends.sourceHigh(),
                ends.sourceLow(),
                ends.sourcePort(),
                ends.destinationHigh(),
                ends.destinationLow(),
                ends.destinationPort());
    }

    @Override
    public FlowInfo info() {
        return new FlowInfo(
                port.tenant().name(),
                port.tunnel().info(),
                IpProtocol.TCP,
                new Endpoint(
                        new IpAddress(ends.sourceHigh(), ends.sourceLow()).toInetAddress(),
                        ends.sourcePort()),
                new Endpoint(
                        new IpAddress(ends.destinationHigh(), ends.destinationLow())
                                .toInetAddress(),
                        ends.destinationPort()),
                port.tunnel().context());
    }

    @Override
    public Reason obstacle(FlowDecision decision) {
        return reception.openings().obstacleToConnection(decision);
    }

    @Override
    public boolean refusesFlow(Reason obstacle) {
        return true;
    }

    @Override
    public boolean provesSender(FlowKey key, Reason obstacle) {
        // The handshake has.
        return false;
    }

    @Override
    public void refuse(Reason reason) {
        close(reason);
    }

    @Override
    public void drop(Reason reason) {
        close(reason);
    }

    private void close(Reason reason) {
        if (!closed) {
            closed = true;
            outcome.over(reason);
            reset(socket);
        }
    }

    /** The peer gets a RST and no FIN. */
    static void reset(int socket) {
        Syscall.linger(socket, 0);
        Syscall.close(socket);
    }

    @Override
    public void handOver(int worker) {
        throw new IllegalStateException("a TCP flow lives where it begins");
    }

    @Override
    public void belongsTo(Flow flow) {
        // A live one with the same number, which millions of others have had since.
        close(Reason.QUEUE_FULL);
    }

    @Override
    public void opened(Flow flow) {
        // No packet is to be counted.
    }

    @Override
    public Reason upgrade(Flow flow, FlowDecision.Upgrade decision, Recipient recipient) {
        return reception.upgraders().openAccepted(flow, decision, recipient, socket, port, outcome);
    }

    @Override
    public void carry(Flow flow) {
        // Its path has the connection.
    }

    @Override
    public Kept keep() {
        reception.waits(this);
        return this;
    }

    @Override
    public int packets() {
        return 0;
    }

    @Override
    public Reason add(TunnelPort port, Packet packet) {
        throw new IllegalStateException("no packet has a connection's number");
    }

    @Override
    public Beginning again() {
        reception.waitsNoMore(this);
        return this;
    }

    @Override
    public void rest(Answer answer) {
        // Nothing comes behind it.
    }
}
