package io.culvert.tun;

import io.culvert.linux.Tun;

/** What a TUN device and its reader leave to each other, so that 64 KiB go in one piece. */
public enum Offload {
    /** Transport checksums that nobody has finished; every other kind depends on it. */
    CHECKSUM(Tun.TUN_F_CSUM),
    /** TCP super-packets, IPv4. */
    TSO4(Tun.TUN_F_TSO4),
    /** TCP super-packets, IPv6. */
    TSO6(Tun.TUN_F_TSO6),
    /** UDP super-packets, IPv4; the kernel makes both families' or neither's. */
    USO4(Tun.TUN_F_USO4),
    /** UDP super-packets, IPv6. */
    USO6(Tun.TUN_F_USO6);

    private final int flag;

    Offload(int flag) {
        this.flag = flag;
    }

    /** {@code TUN_F_...} of {@code linux/if_tun.h}. */
    int flag() {
        return flag;
    }

    /** The kind that carries such a super-packet; {@code packet} is one. */
    static Offload of(Packet packet) {
        boolean ipv6 = UpperLayer.version(packet) == 6;
        return switch (packet.segmentation()) {
            case TCP -> ipv6 ? TSO6 : TSO4;
            case UDP -> ipv6 ? USO6 : USO4;
            case NONE -> throw new IllegalArgumentException("not a super-packet");
        };
    }
}
