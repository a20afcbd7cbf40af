package io.culvert.gateway;

import io.culvert.flow.PacketCounters;
import io.culvert.gateway.forward.TunnelPort;
import io.culvert.hook.Reason;
import io.culvert.tun.Packet;
import io.culvert.upgrade.Answers;
import io.culvert.wire.IpPacket;
import io.culvert.wire.IpProtocol;

/**
 * Packets from tunnels that go nowhere: their sender is told, where it may be and is of use, and
 * they are counted.
 *
 * <p>Confined to one worker.
 */
record Refusals(Answers answers, PacketCounters counters) {

    void refuse(TunnelPort port, IpPacket ip, Packet packet, Reason reason) {
        count(answered(port, ip, reason), reason, packet);
    }

    /** The same without a word to its sender. */
    void drop(Packet packet, Reason reason) {
        counters.dropped(reason, packet.packets());
    }

    /** Asks the sender of a SYN to show that it exists. */
    void challenge(TunnelPort port, IpPacket syn, int number, Packet packet) {
        count(answers.challenge(syn, number, port.device()), Reason.SYN_FLOOD, packet);
    }

    private void count(boolean answered, Reason reason, Packet packet) {
        if (answered) {
            counters.answered(packet.packets());
        } else {
            counters.dropped(reason, packet.packets());
        }
    }

    private boolean answered(TunnelPort port, IpPacket ip, Reason reason) {
        // RFC 9293 section 3.10.7.1: a segment of a connection that is not there is reset, so that
        // nobody waits for it.
        return (reason == Reason.NO_FLOW && ip.protocol() == IpProtocol.TCP)
                ? answers.reset(ip, port.device())
                : answers.refuse(ip, reason, port.device());
    }
}
