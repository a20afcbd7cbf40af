package io.culvert.upgrade;

import io.culvert.flow.Flow;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.nat.Endpoints;
import io.culvert.nat.SlotAddresses;
import io.culvert.nat.SlotPool;

/**
 * Whose packets and sockets those inside the {@linkplain UpgradeNamespace namespace} are, by the
 * slots that stand there for peers.
 *
 * <p>Confined to one worker.
 */
final class SlotFlows {
    private final SlotAddresses addresses;
    private final SlotPool slots;

    SlotFlows(SlotAddresses addresses, SlotPool slots) {
        this.addresses = addresses;
        this.slots = slots;
    }

    /** The slot that has an address and port inside. */
    int slot(boolean ipv6, long high, long low, int port) {
        return addresses.slot(ipv6, high, low, port);
    }

    /** The connection that a slot belongs to, or {@code null}. */
    UpgradedTcp at(int slot) {
        Flow flow = slots.flow(slot);
        return flow == null ? null : (UpgradedTcp) flow.path();
    }

    /** The connection whose peer that is inside, or {@code null}. */
    UpgradedTcp of(SocketAddressBuffer peer) {
        return at(slot(peer.isIpv6(), peer.addressHigh(), peer.addressLow(), peer.port()));
    }

    /**
     * What a peer's packets carry inside the namespace.
     *
     * @param slot stands for the peer
     * @param port the kernel's
     */
    Endpoints inside(boolean ipv6, int slot, int port) {
        return new Endpoints(
                addresses.high(ipv6),
                addresses.slotLow(ipv6, slot),
                addresses.slotPort(slot),
                addresses.high(ipv6),
                addresses.listenerLow(ipv6),
                port);
    }
}
