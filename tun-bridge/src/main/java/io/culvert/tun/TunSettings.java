package io.culvert.tun;

import io.culvert.linux.LinkAddress;
import io.culvert.linux.Tun;

import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * What a TUN device is to be like. Immutable; begin with {@link #named} and change what differs.
 *
 * @param name at most 15 bytes; {@code %d} in it becomes a free number, empty is {@code tun%d}
 * @param queues descriptors, one a worker
 * @param mtu the longest packet, in bytes
 * @param offloads what to leave to the kernel, as far as it can; nothing without {@link
 *     Offload#CHECKSUM}
 * @param persistent the device stays when it is closed, and its owner, this process' user, may
 *     attach to it again without privileges
 * @param txQueueLength packets that wait for the reader before the kernel drops some
 */
public record TunSettings(
        String name,
        int queues,
        int mtu,
        Set<Offload> offloads,
        boolean persistent,
        int txQueueLength,
        List<LinkAddress> addresses) {
    public static final int DEFAULT_MTU = 1_500;

    /** 200 ms at 50,000 packets a second; the kernel's own 500 last 10 ms. */
    public static final int DEFAULT_TX_QUEUE_LENGTH = 10_000;

    /** The kernel's limit, MAX_TAP_QUEUES of {@code drivers/net/tun.c}. */
    public static final int MOST_QUEUES = 256;

    /** RFC 791 section 3.2, and what a TUN device takes. */
    public static final int SMALLEST_MTU = 68;

    public static final int LARGEST_MTU = 65_535;

    public TunSettings {
        if (name.getBytes(StandardCharsets.UTF_8).length > Tun.NAME_LENGTH
                || name.codePoints().anyMatch(c -> c <= ' ' || c >= 0x7f || c == '/' || c == ':')) {
            throw new IllegalArgumentException(
                    "no name for a device (15 ASCII letters at most, no space, slash or colon): "
                            + name);
        }
        if (queues < 1 || queues > MOST_QUEUES) {
            throw new IllegalArgumentException("queues must be 1 to 256: " + queues);
        }
        if (mtu < SMALLEST_MTU || mtu > LARGEST_MTU) {
            throw new IllegalArgumentException("MTU must be 68 to 65535: " + mtu);
        }
        if (txQueueLength < 1) {
            throw new IllegalArgumentException("queue length must be positive: " + txQueueLength);
        }
        EnumSet<Offload> kinds = EnumSet.noneOf(Offload.class);
        kinds.addAll(offloads);
        offloads = Collections.unmodifiableSet(kinds);
        addresses = List.copyOf(addresses);
    }

    /** One queue, MTU 1500, every offload, gone when closed, no address. */
    public static TunSettings named(String name) {
        return new TunSettings(
                name,
                1,
                DEFAULT_MTU,
                EnumSet.allOf(Offload.class),
                false,
                DEFAULT_TX_QUEUE_LENGTH,
                List.of());
    }

    public TunSettings withQueues(int queues) {
        return new TunSettings(name, queues, mtu, offloads, persistent, txQueueLength, addresses);
    }

    public TunSettings withMtu(int mtu) {
        return new TunSettings(name, queues, mtu, offloads, persistent, txQueueLength, addresses);
    }

    public TunSettings withOffloads(Set<Offload> offloads) {
        return new TunSettings(name, queues, mtu, offloads, persistent, txQueueLength, addresses);
    }

    public TunSettings withPersistent(boolean persistent) {
        return new TunSettings(name, queues, mtu, offloads, persistent, txQueueLength, addresses);
    }

    public TunSettings withTxQueueLength(int txQueueLength) {
        return new TunSettings(name, queues, mtu, offloads, persistent, txQueueLength, addresses);
    }

    public TunSettings withAddresses(LinkAddress... addresses) {
        return new TunSettings(
                name, queues, mtu, offloads, persistent, txQueueLength, List.of(addresses));
    }
}
