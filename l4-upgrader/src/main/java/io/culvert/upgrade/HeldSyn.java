package io.culvert.upgrade;

import io.culvert.flow.PacketCounters;
import io.culvert.hook.Reason;
import io.culvert.tun.HeldPacket;
import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;

/**
 * An initiator's SYN that waits until it is known what becomes of it. It and its retransmissions
 * count as carried until the dial has failed.
 *
 * <p>Confined to the worker that owns the flow.
 */
final class HeldSyn {
    private final PacketCounters counters;
    private HeldPacket syn;
    private int packets;

    HeldSyn(PacketCounters counters, Packet syn) {
        this.counters = counters;
        this.syn = new HeldPacket(syn);
        absorb(syn);
    }

    /** A packet of the initiator's goes no further. */
    void absorb(Packet packet) {
        packets += packet.packets();
        counters.carried(packet.packets());
    }

    /** The SYN has come again, perhaps another one. */
    void replace(Packet packet) {
        syn = new HeldPacket(packet);
    }

    HeldPacket packet() {
        return syn;
    }

    /** It goes nowhere, and its initiator has been told. */
    void answered() {
        counters.refused(packets);
    }

    /** It goes nowhere. */
    void lost(Reason reason) {
        counters.lost(reason, packets);
    }

    /**
     * Tells the initiator that it goes nowhere.
     *
     * @param told what to say
     * @param counted what it is called where nothing can be said
     */
    void refuse(TcpUpgrader upgrader, Reason told, Reason counted, PacketDevice ramp) {
        if (upgrader.answer(syn, told, ramp)) {
            answered();
        } else {
            lost(counted);
        }
    }
}
