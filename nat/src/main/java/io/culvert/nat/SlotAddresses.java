package io.culvert.nat;

/**
 * The fake addresses and ports of one worker inside the upgrade namespace. The namespace is nobody
 * else's, so every address is free to use: worker {@code w} has 10.w.0.0/16 and fd00:0:0:w::/64, of
 * which host number 1 is the device's own, where the listener is, and every later one serves
 * {@value #PORTS} slots.
 *
 * <p>A slot is a number; its address and port follow from it and it from them, so that a returning
 * packet finds its flow without a hash. Immutable.
 */
public final class SlotAddresses {
    /** The most workers that the second byte of 10.w.0.0/16 can tell apart. */
    public static final int MAXIMUM_WORKERS = 256;

    public static final int IPV4_PREFIX_LENGTH = 16;
    public static final int IPV6_PREFIX_LENGTH = 64;

    /** Where the listener inside the namespace is bound, in either family. */
    public static final int LISTENER_PORT = 1;

    private static final int PORTS = 32_768;
    private static final int FIRST_PORT = 32_768;
    private static final int LISTENER_HOST = 1;
    private static final int FIRST_HOST = 2;

    /** The one after it is 10.w.255.255, which is the network's broadcast address. */
    private static final int LAST_HOST = 65_534;

    /** The most slots that a worker's addresses have room for. */
    public static final int MAXIMUM_SLOTS = (LAST_HOST - FIRST_HOST + 1) * PORTS;

    private static final long MAPPED = 0xffff_0000_0000L;

    private final long ipv4Network;
    private final long ipv6Network;

    public SlotAddresses(int worker) {
        if (worker < 0 || worker >= MAXIMUM_WORKERS) {
            throw new IllegalArgumentException("worker " + worker);
        }
        ipv4Network = MAPPED | 10L << 24 | (long) worker << 16;
        ipv6Network = 0xfd00L << 48 | worker;
    }

    /** The upper half of any of this worker's addresses. */
    public long high(boolean ipv6) {
        return ipv6 ? ipv6Network : 0;
    }

    /** The lower half of the address that the listener is bound to. */
    public long listenerLow(boolean ipv6) {
        return low(ipv6, LISTENER_HOST);
    }

    /** The lower half of a slot's address. */
    public long slotLow(boolean ipv6, int slot) {
        return low(ipv6, FIRST_HOST + slot / PORTS);
    }

    public int slotPort(int slot) {
        return FIRST_PORT + slot % PORTS;
    }

    /** The slot that has that address and port, or -1. */
    public int slot(boolean ipv6, long high, long low, int port) {
        long host = low - (ipv6 ? 0 : ipv4Network);
        if (high != high(ipv6) || host < FIRST_HOST || host > LAST_HOST || port < FIRST_PORT) {
            return -1;
        }
        return (int) (host - FIRST_HOST) * PORTS + (port - FIRST_PORT);
    }

    private long low(boolean ipv6, int host) {
        return ipv6 ? host : ipv4Network | host;
    }
}
