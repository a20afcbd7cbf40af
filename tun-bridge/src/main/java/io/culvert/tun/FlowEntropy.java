package io.culvert.tun;

import java.nio.ByteBuffer;

/**
 * A hash of a packet's flow, for what spreads a tunnel's packets over paths and processors: all
 * packets of a flow have the same one. Fragments have no ports, and a datagram's all have the same
 * hash. Stateless.
 */
final class FlowEntropy {
    private static final int IPV4_ADDRESSES = 12;
    private static final int IPV6_ADDRESSES = 8;
    private static final int IPV4_HEADER = 20;
    private static final int IPV6_HEADER = 40;
    private static final int SCTP = 132;

    /** An odd number with bits all over: 2^64 divided by the golden ratio. */
    private static final long MULTIPLIER = 0x9e37_79b9_7f4a_7c15L;

    private FlowEntropy() {}

    /**
     * The hash, of 32 good bits.
     *
     * @param seed different ones give different hashes, so that nobody outside can choose them
     */
    static int of(Packet packet, long seed) {
        ByteBuffer bytes = packet.bytes();
        long hash = seed;
        int version = UpperLayer.version(packet);
        if (version == 4 && packet.length() >= IPV4_HEADER) {
            hash = mix(hash, bytes.getLong(Packet.OFFSET + IPV4_ADDRESSES));
        } else if (version == 6 && packet.length() >= IPV6_HEADER) {
            for (int i = 0; i < 4; i++) {
                int at = Packet.OFFSET + IPV6_ADDRESSES + i * Long.BYTES;
                hash = mix(hash, bytes.getLong(at));
            }
        } else {
            return 0;
        }
        int found = UpperLayer.find(packet);
        if (found != UpperLayer.NONE) {
            int protocol = UpperLayer.protocol(found);
            boolean ports =
                    protocol == UpperLayer.TCP || protocol == UpperLayer.UDP || protocol == SCTP;
            int start = UpperLayer.start(found);
            if (ports && start + Integer.BYTES <= packet.length()) {
                hash = mix(hash, bytes.getInt(Packet.OFFSET + start));
            }
        }
        return (int) (hash >>> 32);
    }

    private static long mix(long hash, long value) {
        long product = (hash ^ value) * MULTIPLIER;
        return product ^ product >>> 32;
    }
}
