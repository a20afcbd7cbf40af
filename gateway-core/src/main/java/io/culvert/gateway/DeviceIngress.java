package io.culvert.gateway;

import io.culvert.flow.Direction;
import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowTable;
import io.culvert.flow.Tenant;
import io.culvert.gateway.forward.DevicePort;
import io.culvert.gateway.forward.Forwarder;
import io.culvert.gateway.forward.Routes;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;
import io.culvert.nat.Mapping;
import io.culvert.tun.Packet;
import io.culvert.wire.IpPacket;

/**
 * What becomes of the whole and sound packets that come in by the device of an off-ramp: the
 * mapping that one is for says whose it is. Nobody outside is told anything (RFC 5382 REQ-4: who
 * was not asked for hears nothing).
 *
 * <p>Confined to one worker.
 */
final class DeviceIngress {
    /** Of a flow from outside: a mapping lets it in, which a flow from inside has. */
    static final FlowDecision INBOUND = new FlowDecision.Forward("mapping", Routes.TUNNELS);

    private final int worker;
    private final FlowTable table;
    private final Refusals refusals;
    private final Openings openings;
    private final Forwarder forwarder;
    private final Delivery delivery;
    private final FlowKey key = new FlowKey();

    DeviceIngress(
            int worker,
            FlowTable table,
            Refusals refusals,
            Openings openings,
            Forwarder forwarder,
            Delivery delivery) {
        this.worker = worker;
        this.table = table;
        this.refusals = refusals;
        this.openings = openings;
        this.forwarder = forwarder;
        this.delivery = delivery;
    }

    void packet(DevicePort port, IpPacket ip, Packet packet) {
        if (!ip.isUnicast()) {
            // The kernel of the host greets its own new device with multicast reports.
            refusals.drop(packet, Reason.NOT_UNICAST);
            return;
        }
        Mapping mapping = port.offRamp().mappingOf(ip);
        if (mapping == null) {
            refusals.drop(packet, Reason.NO_MAPPING);
            return;
        }
        if (ip.hasSegmentsLeft()) {
            refusals.drop(packet, Reason.SEGMENTS_LEFT);
            return;
        }
        boolean query = ip.icmp() != null;
        key.set(
                mapping.tenant(),
                ip.protocol(),
                mapping.insideHigh(),
                mapping.insideLow(),
                mapping.insidePort(),
                /* destinationHigh= */ ip.sourceHigh(),
                /* destinationLow= */ ip.sourceLow(),
                query ? mapping.insidePort() : ip.sourcePort());
        // RFC 5508 REQ-1: a query from outside is nobody's inside.
        Flow flow = Arrival.isRequest(ip) ? null : Arrival.forwarded(table.find(key));
        boolean taken;
        if (flow != null) {
            taken = delivery.packet(flow, Direction.FROM_TARGET, port, ip, packet);
        } else {
            flow = query ? null : Arrival.forwarded(table.find(key.reverse()));
            if (flow == null) {
                open(port, mapping, ip, packet);
                return;
            }
            taken = delivery.packet(flow, Direction.FROM_INITIATOR, port, ip, packet);
        }
        if (!taken) {
            // The mapping may be gone with the flow.
            packet(port, ip, packet);
        }
    }

    /** The key is the packet's, from outside to inside. */
    private void open(DevicePort port, Mapping mapping, IpPacket ip, Packet packet) {
        Reason obstacle = obstacle(port, mapping, ip);
        if (obstacle != null) {
            refusals.drop(packet, obstacle);
            return;
        }
        Tenant tenant = forwarder.tenant(mapping.tenant());
        if (openings.isDoubtful(ip, key, tenant)) {
            refusals.drop(packet, Reason.SYN_FLOOD);
            return;
        }
        switch (table.open(key, tenant, worker, INBOUND)) {
            case FlowTable.Opening.Refused refused -> refusals.drop(packet, refused.reason());
            case FlowTable.Opening.Found found ->
                    delivery.packet(found.flow(), Direction.FROM_INITIATOR, port, ip, packet);
            case FlowTable.Opening.Opened opened -> {
                Reason failure = forwarder.openInwards(opened.flow(), port, mapping);
                if (failure == null) {
                    delivery.packet(opened.flow(), Direction.FROM_INITIATOR, port, ip, packet);
                } else {
                    table.close(opened.flow(), failure);
                    refusals.drop(packet, failure);
                }
            }
        }
    }

    private Reason obstacle(DevicePort port, Mapping mapping, IpPacket ip) {
        if (ip.icmp() != null
                || !port.offRamp().mappings().accepts(mapping, ip.sourceHigh(), ip.sourceLow())) {
            return Reason.FILTERED;
        }
        // Source and destination may be one address: of two inside endpoints that talk by their
        // outside ones.
        Reason address = Arrival.unusableAddress(ip);
        return address != null ? address : openings.obstacleToForwarding(ip);
    }

    /**
     * An ICMP error about a packet that went out of a device: RFC 5508 REQ-4.
     *
     * @param quoted the packet it is about
     */
    void error(DevicePort port, IpPacket ip, IpPacket quoted, Packet packet) {
        Mapping mapping = port.offRamp().mappingOfQuoted(quoted);
        if (mapping == null) {
            refusals.drop(packet, Reason.UNMATCHED_ERROR);
            return;
        }
        key.set(
                mapping.tenant(),
                quoted.protocol(),
                mapping.insideHigh(),
                mapping.insideLow(),
                mapping.insidePort(),
                quoted.destinationHigh(),
                quoted.destinationLow(),
                quoted.icmp() != null ? mapping.insidePort() : quoted.destinationPort());
        Flow flow = Arrival.forwarded(table.find(key));
        if (flow != null) {
            delivery.error(flow, Direction.FROM_INITIATOR, port, ip, quoted, packet);
        } else {
            flow = Arrival.forwarded(table.find(key.reverse()));
            delivery.error(flow, Direction.FROM_TARGET, port, ip, quoted, packet);
        }
    }
}
