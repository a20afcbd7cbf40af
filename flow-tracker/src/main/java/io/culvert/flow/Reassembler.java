package io.culvert.flow;

import io.culvert.hook.Reason;
import io.culvert.wire.IpPacket;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Puts datagrams together again from their fragments, so that policy, flows and translation see
 * whole packets alone.
 *
 * <p><b>Theory of operation.</b> Each fragment is checked by itself in {@link IpPacket} (RFC 1858,
 * 3128, 7112; sizes), then joins what is there of its datagram, in any order. The header comes from
 * the first one, RFC 8200 section 4.5 and RFC 791 section 3.2, so the hop limit and, in IPv6, the
 * next header too; ECN comes from all of them, RFC 3168 section 5.3.
 *
 * <p>What a datagram says must not depend on the order of arrival or on what the receiver prefers,
 * or it would be another for the gateway than for the host behind it. So nothing is ever
 * overwritten: an exact duplicate (same place, same bytes) is passed over, and on anything else
 * that overlaps, ends elsewhere or is too long the datagram is dropped, and all that still comes of
 * it until its time is over (RFC 5722 section 4, RFC 8200 section 4.5; here for IPv4 too).
 *
 * <p>The time begins with the fragment that arrives first, 60 s for IPv6 (RFC 8200 section 4.5).
 * For IPv4 the usual 30 s is less than the 60 s to 120 s that RFC 1122 section 3.3.2 advises to
 * hosts, for a 16-bit identification comes round sooner (RFC 4963), and a gateway that lets go
 * earlier than the host behind it does no harm but to a datagram that was late already. {@link
 * FragmentMemory} tells how memory is bounded and shared.
 *
 * <p>Accounting: a fragment is <em>held</em>, neither carried nor dropped, until its datagram is
 * complete or given up. Whatever is dropped is counted here, with all that was held of it; what is
 * complete is the caller's to count, as so many {@link #packets}.
 *
 * <p>Threading: confined to one worker. {@link #heldBytes} and {@link #held} may be read, a moment
 * late, by anyone.
 */
public final class Reassembler {
    /** Of one worker: what Linux gives a network namespace, net.ipv4.ipfrag_high_thresh. */
    public static final int DEFAULT_MEMORY = 4 * 1024 * 1024;

    public static final Duration DEFAULT_IPV4_TIMEOUT = Duration.ofSeconds(30);
    public static final Duration DEFAULT_IPV6_TIMEOUT = Duration.ofSeconds(60);

    private final FragmentMemory memory;
    private final long ipv4Nanos;
    private final long ipv6Nanos;
    private final NanoClock clock;
    private final PacketCounters counters;
    private final DatagramKey key = new DatagramKey();
    private final AtomicInteger heldBytes = new AtomicInteger();
    private final AtomicInteger held = new AtomicInteger();

    private int length;
    private int packets;
    private int largestFragment;
    private boolean dontFragment;
    private int identification;

    /** What became of a fragment. */
    public enum Outcome {
        /** It waits for the others. */
        HELD,
        /** It was the last one that was missing: the datagram is written. */
        COMPLETE,
        /** It is dropped, and counted so; maybe all of its datagram with it. */
        DROPPED
    }

    /**
     * @param memoryBytes of the heap, at most
     * @param counters told of fragments dropped
     */
    public Reassembler(
            int memoryBytes,
            Duration ipv4Timeout,
            Duration ipv6Timeout,
            NanoClock clock,
            PacketCounters counters) {
        memory = new FragmentMemory(memoryBytes);
        ipv4Nanos = ipv4Timeout.toNanos();
        ipv6Nanos = ipv6Timeout.toNanos();
        this.clock = clock;
        this.counters = counters;
    }

    /**
     * Takes a fragment, and copies what it needs.
     *
     * @param fragment wrapped without defect; {@link IpPacket#isFragment}
     * @param into where the whole packet is written when it is complete, from absolute index {@code
     *     at}; 40 + 65,535 bytes are enough there. It may be the fragment's own buffer. Of the
     *     packet's own checks only those of a header and its length are done: wrap it, for as a
     *     whole it may have a defect.
     */
    public Outcome add(int tenant, IpPacket fragment, ByteBuffer into, int at) {
        PartialDatagram datagram = datagramOf(tenant, fragment);
        Outcome outcome = add(datagram, fragment);
        if (outcome == Outcome.HELD && datagram.isComplete()) {
            complete(datagram, into, at);
            outcome = Outcome.COMPLETE;
        }
        heldBytes.setOpaque(memory.heapBytes());
        return outcome;
    }

    private PartialDatagram datagramOf(int tenant, IpPacket fragment) {
        long now = clock.nanoTime();
        key.set(tenant, fragment);
        PartialDatagram datagram = memory.find(key);
        if (datagram != null && isOver(datagram, now)) {
            drop(datagram, Reason.FRAGMENT_TIMEOUT);
            datagram = null;
        }
        if (datagram != null) return datagram;
        for (PartialDatagram other = memory.inTheWayOfAnother();
                other != null;
                other = memory.inTheWayOfAnother()) {
            drop(other, Reason.FRAGMENT_MEMORY);
        }
        return memory.begin(key, now);
    }

    private Outcome add(PartialDatagram datagram, IpPacket fragment) {
        if (datagram.refusal() != null) return dropped(datagram.refusal());
        if (datagram.has(fragment)) {
            datagram.countDuplicate();
        } else {
            Reason conflict = datagram.conflict(fragment);
            if (conflict != null) {
                countDropped(conflict, datagram.packets());
                memory.refuse(datagram, conflict);
                return dropped(conflict);
            }
            if (!makeRoom(datagram, datagram.chunksFor(fragment))) {
                return dropped(Reason.FRAGMENT_MEMORY);
            }
            memory.put(datagram, fragment);
        }
        held(1);
        return Outcome.HELD;
    }

    /** False where the datagram itself had to go. */
    private boolean makeRoom(PartialDatagram datagram, int chunks) {
        for (PartialDatagram other = memory.inTheWayOf(datagram, chunks);
                other != null;
                other = memory.inTheWayOf(datagram, chunks)) {
            drop(other, Reason.FRAGMENT_MEMORY);
            if (other == datagram) return false;
        }
        return true;
    }

    private void complete(PartialDatagram datagram, ByteBuffer into, int at) {
        length = datagram.writeTo(into, at);
        packets = datagram.packets();
        largestFragment = datagram.largestFragment();
        dontFragment = datagram.dontFragment();
        identification = datagram.key().identification();
        held(-packets);
        memory.end(datagram);
    }

    /** Drops a datagram with all that is held of it. */
    private void drop(PartialDatagram datagram, Reason reason) {
        countDropped(reason, datagram.packets());
        memory.end(datagram);
    }

    private void countDropped(Reason reason, int fragments) {
        counters.dropped(reason, fragments);
        held(-fragments);
    }

    private Outcome dropped(Reason reason) {
        counters.dropped(reason, 1);
        return Outcome.DROPPED;
    }

    private void held(int more) {
        held.setOpaque(held.getPlain() + more);
    }

    private boolean isOver(PartialDatagram datagram, long now) {
        return now - datagram.arrivedNanos() >= (datagram.key().isIpv6() ? ipv6Nanos : ipv4Nanos);
    }

    /** Drops what has waited too long; called every 100 ms or so. */
    public void expire() {
        long now = clock.nanoTime();
        long shortest = Math.min(ipv4Nanos, ipv6Nanos);
        PartialDatagram each = memory.oldest();
        // Oldest first, but one family waits longer: what is younger than either time ends it.
        while (each != null && now - each.arrivedNanos() >= shortest) {
            PartialDatagram next = each.newer(Share.EVERYBODY);
            if (isOver(each, now)) drop(each, Reason.FRAGMENT_TIMEOUT);
            each = next;
        }
        heldBytes.setOpaque(memory.heapBytes());
    }

    /** Bytes of the packet that was completed last; this and the next four until the next add. */
    public int length() {
        return length;
    }

    /** How many fragments it came in, exact duplicates counted too. */
    public int packets() {
        return packets;
    }

    /**
     * Bytes of the longest packet among its fragments. Whoever sends it on in fragments makes none
     * longer: its source knew, or a router found out, what the path takes.
     */
    public int largestFragment() {
        return largestFragment;
    }

    /** Whether an IPv4 fragment had DF set; the whole packet has it then too. */
    public boolean dontFragment() {
        return dontFragment;
    }

    /** What its fragments shared: 16 bits in IPv4, 32 in IPv6. */
    public int identification() {
        return identification;
    }

    /** Bytes of the heap that datagrams under way take. */
    public int heldBytes() {
        return heldBytes.getOpaque();
    }

    /** Fragments that are neither carried nor dropped yet. */
    public int held() {
        return held.getOpaque();
    }

    /** Datagrams under way, refused ones that are remembered among them. */
    int datagrams() {
        return memory.datagrams();
    }
}
