package io.culvert.flow;

import io.culvert.hook.Reason;
import io.culvert.wire.IpPacket;

/**
 * The memory that datagrams under way are in, and who has to give way when there is none left.
 *
 * <p><b>Theory of operation.</b> All of it is counted as what it takes of the heap, made when first
 * needed, and used again ever after: a flood makes no garbage. A quarter is for the datagrams
 * themselves, one for each 4 KiB, the rest for the chunks that their data are in; so neither can
 * grow at the other's expense and their sum has one bound.
 *
 * <p>Fragments are cheap to forge, and until the last one comes nothing tells a forged datagram
 * from a true one. What can be told is who sent them. So:
 *
 * <ol>
 *   <li>A source may hold a quarter of the memory and {@value #DATAGRAMS_OF_A_SOURCE} datagrams.
 *       Beyond that its own oldest goes.
 *   <li>Where memory is short, the oldest datagram goes that is of a tenant who holds at least an
 *       equal part of what is held: the total over the number of tenants that hold something. There
 *       is always one.
 * </ol>
 *
 * <p>The second rule protects tenants from each other, whatever sources they invent: below its
 * equal part a tenant loses nothing to others, and two tenants that both want all get half each.
 * Yet a tenant that is alone may use all of it, nothing being kept in reserve. A limit of one half
 * would not do as much: two tenants would fill both halves, and a third would have nothing.
 *
 * <p>Against spoofed sources within one tenant there is only age: a train's fragments come within
 * milliseconds of each other, and to push it out earlier takes as many forged datagrams as there is
 * room for in that time.
 */
final class FragmentMemory {
    /** As many as Linux lets pass before it drops one of the same source: ipfrag_max_dist. */
    static final int DATAGRAMS_OF_A_SOURCE = 64;

    private static final int SOURCES_PART = 4;
    private static final int BYTES_PER_DATAGRAM = 4_096;

    /** So that every source can have the longest datagram under way. */
    static final int LEAST =
            SOURCES_PART
                    * (PartialDatagram.HEAP_BYTES + PartialDatagram.MOST_CHUNKS * Chunk.HEAP_BYTES);

    private final int bytesOfASource;
    private final Share everybody = new Share().of(Share.EVERYBODY, 0, 0, 0);
    private final ShareTable shares;
    private final DatagramTable table;
    private final ChunkPool chunks;
    private final PartialDatagram[] free;
    private int freeDatagrams;

    FragmentMemory(int bytes) {
        if (bytes < LEAST) {
            throw new IllegalArgumentException("less memory than " + LEAST + " bytes: " + bytes);
        }
        int datagrams = bytes / BYTES_PER_DATAGRAM;
        bytesOfASource = bytes / SOURCES_PART;
        shares = new ShareTable(datagrams);
        table = new DatagramTable(datagrams);
        chunks = new ChunkPool((bytes - datagrams * PartialDatagram.HEAP_BYTES) / Chunk.HEAP_BYTES);
        free = new PartialDatagram[datagrams];
    }

    /** The datagram of that key, or null. */
    PartialDatagram find(DatagramKey key) {
        return table.find(key);
    }

    /** Who has to go before another datagram can {@link #begin}; null where there is room. */
    PartialDatagram inTheWayOfAnother() {
        return everybody.datagrams() < free.length ? null : giveWay();
    }

    /** Begins a datagram, for which there is room. */
    PartialDatagram begin(DatagramKey key, long nowNanos) {
        PartialDatagram datagram =
                freeDatagrams == 0 ? new PartialDatagram() : free[--freeDatagrams];
        datagram.begin(key, nowNanos);
        table.add(datagram);
        everybody.add(datagram);
        shares.ofTenant(key.tenant()).add(datagram);
        shares.ofSource(key.tenant(), key.sourceHigh(), key.sourceLow()).add(datagram);
        return datagram;
    }

    /**
     * Who has to go before a datagram can {@link #put} something more; null where there is room. It
     * may be that datagram itself.
     *
     * @param more chunks
     */
    PartialDatagram inTheWayOf(PartialDatagram datagram, int more) {
        Share source = datagram.share(Share.SOURCE);
        if (source.datagrams() > DATAGRAMS_OF_A_SOURCE
                || source.heapBytes() + more * Chunk.HEAP_BYTES > bytesOfASource) {
            return source.oldest();
        }
        return chunks.available() < more ? giveWay() : null;
    }

    private PartialDatagram giveWay() {
        PartialDatagram candidate = everybody.oldest();
        while ((long) candidate.share(Share.TENANT).heapBytes() * shares.tenants()
                < everybody.heapBytes()) {
            candidate = candidate.newer(Share.EVERYBODY);
        }
        return candidate;
    }

    /** Puts a fragment into a datagram, for which there is room. */
    void put(PartialDatagram datagram, IpPacket fragment) {
        int before = datagram.heapBytes();
        datagram.put(fragment, chunks);
        grow(datagram, datagram.heapBytes() - before);
    }

    /** Keeps of a datagram only why it is refused. */
    void refuse(PartialDatagram datagram, Reason reason) {
        int before = datagram.heapBytes();
        datagram.refuse(reason, chunks);
        grow(datagram, datagram.heapBytes() - before);
    }

    private static void grow(PartialDatagram datagram, int bytes) {
        for (int kind = 0; kind < Share.KINDS; kind++) {
            datagram.share(kind).grow(bytes);
        }
    }

    /** Forgets a datagram. */
    void end(PartialDatagram datagram) {
        table.remove(datagram);
        for (int kind = 0; kind < Share.KINDS; kind++) {
            Share share = datagram.share(kind);
            share.remove(datagram);
            if (kind != Share.EVERYBODY && share.datagrams() == 0) shares.giveBack(share);
        }
        datagram.giveBack(chunks);
        free[freeDatagrams++] = datagram;
    }

    /** Who came first of all that are under way, or null. */
    PartialDatagram oldest() {
        return everybody.oldest();
    }

    int heapBytes() {
        return everybody.heapBytes();
    }

    int datagrams() {
        return everybody.datagrams();
    }
}
