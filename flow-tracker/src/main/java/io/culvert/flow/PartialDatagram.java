package io.culvert.flow;

import io.culvert.hook.Reason;
import io.culvert.wire.DatagramHeader;
import io.culvert.wire.IpPacket;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A datagram some of whose fragments are there.
 *
 * <p><b>Theory of operation.</b> The data lie where they will lie in the whole, in chunks that are
 * there as far as data are, so the order of arrival does not matter and a datagram cut into
 * thousands takes no more than one cut in two. A bit for each unit of 8 bytes, the granularity of
 * offsets, says whether it is there; the datagram is complete when as many bytes are there as the
 * last fragment said there would be. A second bit says where a fragment begins: with that an exact
 * duplicate can be told from a fragment that covers the same ground otherwise. RFC 815's list of
 * holes does the same without saying which.
 *
 * <p>A datagram in which something contradicts is <em>refused</em>: it forgets its data and only
 * remembers why, so that what still arrives of it does not begin it anew.
 *
 * <p>Reused for one datagram after another. Confined to its {@link Reassembler}.
 */
final class PartialDatagram {
    /**
     * What it takes of the heap without chunks, with its share of the tables and the shares of its
     * tenant and source.
     */
    static final int HEAP_BYTES = 1_024;

    private static final int CHUNKS = (DatagramHeader.LONGEST + Chunk.LENGTH) / Chunk.LENGTH;

    /** Most chunks it can have: all of the data, and the header. */
    static final int MOST_CHUNKS = CHUNKS + 1;

    private static final int UNKNOWN = -1;
    private static final int NOT_ECN_CAPABLE = 1;
    private static final int CONGESTION_EXPERIENCED = 1 << 3;

    private final DatagramKey key = new DatagramKey();
    private final Chunk[] data = new Chunk[CHUNKS];
    private final Share[] shares = new Share[Share.KINDS];
    private final PartialDatagram[] older = new PartialDatagram[Share.KINDS];
    private final PartialDatagram[] newer = new PartialDatagram[Share.KINDS];
    private PartialDatagram nextInTable;

    private long arrivedNanos;
    private Reason refusal;
    private Chunk header;
    private int headerLength;
    private int countedLength;
    private int nextHeader;
    private int total;
    private int highest;
    private int received;
    private int chunks;
    private int packets;
    private int largestFragment;
    private int codepoints;
    private boolean dontFragment;

    /** Begins a datagram of which nothing is there yet. */
    void begin(DatagramKey key, long nowNanos) {
        this.key.set(key);
        arrivedNanos = nowNanos;
        refusal = null;
        headerLength = 0;
        countedLength = 0;
        total = UNKNOWN;
        highest = 0;
        received = 0;
        packets = 0;
        largestFragment = 0;
        codepoints = 0;
        dontFragment = false;
    }

    /**
     * Whether just this fragment is there already: RFC 8200 section 4.5, "duplicated in the
     * network".
     */
    boolean has(IpPacket fragment) {
        int offset = fragment.fragmentOffset();
        int end = offset + size(fragment);
        if (fragment.moreFragments() != (end != total)) return false;
        // Behind the end nothing was written, and there is nothing to compare with.
        if (total != UNKNOWN && end > total) return false;
        if (offset == 0 && !isSameFirst(fragment)) return false;
        if (!isEndOfAFragment(end)) return false;
        for (int from = offset; from < end; from = endOfChunk(from, end)) {
            int to = endOfChunk(from, end);
            if (!has(fragment, from, to, from == offset)) return false;
        }
        return true;
    }

    private boolean isSameFirst(IpPacket fragment) {
        return headerLength == DatagramHeader.length(fragment)
                && nextHeader == DatagramHeader.nextHeader(fragment);
    }

    /** Where data are up to there: what follows is not there or another fragment's. */
    private boolean isEndOfAFragment(int end) {
        int next = (end + Chunk.UNIT - 1) / Chunk.UNIT * Chunk.UNIT;
        Chunk chunk = next / Chunk.LENGTH < CHUNKS ? data[next / Chunk.LENGTH] : null;
        if (chunk == null) return true;
        long unit = units(next, next + 1);
        return !chunk.hasAny(unit) || chunk.beginnings(unit) != 0;
    }

    /** Whether a part of the fragment within one chunk is there, with the same bytes. */
    private boolean has(IpPacket fragment, int from, int to, boolean beginning) {
        Chunk chunk = data[from / Chunk.LENGTH];
        long units = units(from, to);
        if (chunk == null || !chunk.hasAll(units)) return false;
        long beginnings = beginning ? Long.lowestOneBit(units) : 0;
        return chunk.beginnings(units) == beginnings && isSame(fragment, from, to, chunk.bytes());
    }

    private static boolean isSame(IpPacket fragment, int from, int to, byte[] bytes) {
        int at = fragment.fragmentDataOffset() - fragment.fragmentOffset();
        for (int i = from; i < to; i++) {
            if (fragment.bytes().get(at + i) != bytes[i % Chunk.LENGTH]) return false;
        }
        return true;
    }

    /** Why a fragment that is no duplicate ends the datagram; null where it fits in. */
    Reason conflict(IpPacket fragment) {
        boolean first = fragment.fragmentOffset() == 0;
        int end = fragment.fragmentOffset() + size(fragment);
        // Our own bound on IPv6 extension headers before the fragment header.
        if (first && DatagramHeader.length(fragment) > Chunk.LENGTH) {
            return Reason.MALFORMED_EXTENSIONS;
        }
        if (contradictsTheEnd(end, fragment.moreFragments()) || overlaps(fragment)) {
            return Reason.FRAGMENT_OVERLAP;
        }
        // RFC 791 section 3.1, RFC 8200 section 4.5. That a fragment does not end beyond it with
        // its own header is checked; the first one's may be longer.
        int counted = first ? DatagramHeader.countedLength(fragment) : countedLength;
        if (counted + Math.max(end, highest) > DatagramHeader.LONGEST) {
            return Reason.MALFORMED_FRAGMENT;
        }
        // RFC 3168 section 5.3: CE must neither be lost nor stand on what is not ECN-capable.
        int mixed = NOT_ECN_CAPABLE | CONGESTION_EXPERIENCED;
        return ((codepoints | codepoint(fragment)) & mixed) == mixed ? Reason.FRAGMENT_ECN : null;
    }

    /** There is one last fragment, and no data behind it. */
    private boolean contradictsTheEnd(int end, boolean more) {
        if (more) return total != UNKNOWN && end >= total;
        return total == UNKNOWN ? end < highest : end != total;
    }

    /** RFC 5722 section 4, RFC 8200 section 4.5; RFC 1858 and 3128 say why for IPv4 too. */
    private boolean overlaps(IpPacket fragment) {
        int end = fragment.fragmentOffset() + size(fragment);
        for (int from = fragment.fragmentOffset(); from < end; from = endOfChunk(from, end)) {
            Chunk chunk = data[from / Chunk.LENGTH];
            if (chunk != null && chunk.hasAny(units(from, endOfChunk(from, end)))) return true;
        }
        return false;
    }

    /** How many chunks more it takes to {@link #put} the fragment. */
    int chunksFor(IpPacket fragment) {
        int needed = fragment.fragmentOffset() == 0 ? 1 : 0;
        int end = fragment.fragmentOffset() + size(fragment);
        for (int from = fragment.fragmentOffset(); from < end; from = endOfChunk(from, end)) {
            if (data[from / Chunk.LENGTH] == null) needed++;
        }
        return needed;
    }

    /** Takes over a fragment that is no duplicate and has no {@link #conflict}. */
    void put(IpPacket fragment, ChunkPool pool) {
        int offset = fragment.fragmentOffset();
        int end = offset + size(fragment);
        if (offset == 0) putHeader(fragment, pool);
        int at = fragment.fragmentDataOffset() - offset;
        for (int from = offset; from < end; from = endOfChunk(from, end)) {
            int to = endOfChunk(from, end);
            Chunk chunk = chunkAt(from, pool);
            long units = units(from, to);
            chunk.add(units, from == offset ? Long.lowestOneBit(units) : 0);
            fragment.bytes().get(at + from, chunk.bytes(), from % Chunk.LENGTH, to - from);
        }
        if (!fragment.moreFragments()) total = end;
        highest = Math.max(highest, end);
        received += end - offset;
        codepoints |= codepoint(fragment);
        dontFragment |= fragment.version() == 4 && fragment.ipv4().dontFragment();
        largestFragment = Math.max(largestFragment, fragment.length());
        packets++;
    }

    private void putHeader(IpPacket first, ChunkPool pool) {
        header = pool.take();
        chunks++;
        headerLength = DatagramHeader.length(first);
        countedLength = DatagramHeader.countedLength(first);
        nextHeader = DatagramHeader.nextHeader(first);
        DatagramHeader.copy(first, header.bytes());
    }

    private Chunk chunkAt(int offset, ChunkPool pool) {
        int index = offset / Chunk.LENGTH;
        if (data[index] == null) {
            data[index] = pool.take();
            chunks++;
        }
        return data[index];
    }

    /** Counts a fragment that it {@link #has}. */
    void countDuplicate() {
        packets++;
    }

    /** As many bytes are there as the last fragment said: with no overlap, they are all. */
    boolean isComplete() {
        return received == total;
    }

    /**
     * Writes the whole packet.
     *
     * @return its length
     */
    int writeTo(ByteBuffer into, int at) {
        into.put(at, header.bytes(), 0, headerLength);
        for (int done = 0; done < total; done += Chunk.LENGTH) {
            byte[] bytes = data[done / Chunk.LENGTH].bytes();
            into.put(at + headerLength + done, bytes, 0, Math.min(Chunk.LENGTH, total - done));
        }
        DatagramHeader.complete(
                into,
                at,
                headerLength,
                total,
                dontFragment,
                (codepoints & CONGESTION_EXPERIENCED) != 0);
        return headerLength + total;
    }

    /** From now on, whatever comes of it is dropped for that reason. */
    void refuse(Reason reason, ChunkPool pool) {
        refusal = reason;
        packets = 0;
        giveBack(pool);
    }

    /** Lets go of its data. */
    void giveBack(ChunkPool pool) {
        for (Chunk chunk : data) {
            if (chunk != null) pool.giveBack(chunk);
        }
        Arrays.fill(data, null);
        if (header != null) pool.giveBack(header);
        header = null;
        chunks = 0;
    }

    private static int size(IpPacket fragment) {
        return fragment.start() + fragment.length() - fragment.fragmentDataOffset();
    }

    private static int endOfChunk(int from, int end) {
        return Math.min(end, from - from % Chunk.LENGTH + Chunk.LENGTH);
    }

    /** Of a range within one chunk. */
    private static long units(int from, int to) {
        int base = from - from % Chunk.LENGTH;
        return Chunk.units(from - base, to - base);
    }

    private static int codepoint(IpPacket fragment) {
        return 1 << (fragment.trafficClass() & 3);
    }

    DatagramKey key() {
        return key;
    }

    /** When the first of its fragments to arrive did. */
    long arrivedNanos() {
        return arrivedNanos;
    }

    /** Why it is refused; null where it is not. */
    Reason refusal() {
        return refusal;
    }

    /** Fragments held, duplicates included. */
    int packets() {
        return packets;
    }

    int heapBytes() {
        return HEAP_BYTES + chunks * Chunk.HEAP_BYTES;
    }

    /** Bytes of the longest packet among the fragments. */
    int largestFragment() {
        return largestFragment;
    }

    /** Whether an IPv4 fragment said so. */
    boolean dontFragment() {
        return dontFragment;
    }

    Share share(int kind) {
        return shares[kind];
    }

    void share(int kind, Share share) {
        shares[kind] = share;
    }

    PartialDatagram older(int kind) {
        return older[kind];
    }

    void older(int kind, PartialDatagram datagram) {
        older[kind] = datagram;
    }

    PartialDatagram newer(int kind) {
        return newer[kind];
    }

    void newer(int kind, PartialDatagram datagram) {
        newer[kind] = datagram;
    }

    PartialDatagram nextInTable() {
        return nextInTable;
    }

    void nextInTable(PartialDatagram datagram) {
        nextInTable = datagram;
    }
}
