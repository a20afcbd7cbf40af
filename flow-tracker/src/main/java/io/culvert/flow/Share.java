package io.culvert.flow;

/**
 * What one holder has under way: everybody together, a tenant, or a source address of a tenant. A
 * datagram is in one share of each kind. Its datagrams are in the order in which their first
 * fragments came, the oldest first.
 */
final class Share {
    static final int EVERYBODY = 0;
    static final int TENANT = 1;
    static final int SOURCE = 2;
    static final int KINDS = 3;

    private int kind;
    private int tenant;
    private long sourceHigh;
    private long sourceLow;
    private Share next;

    private int heapBytes;
    private int datagrams;
    private PartialDatagram oldest;
    private PartialDatagram newest;

    /** Gives an empty share to a holder. */
    Share of(int kind, int tenant, long sourceHigh, long sourceLow) {
        this.kind = kind;
        this.tenant = tenant;
        this.sourceHigh = sourceHigh;
        this.sourceLow = sourceLow;
        return this;
    }

    boolean isOf(int kind, int tenant, long sourceHigh, long sourceLow) {
        return this.kind == kind
                && this.tenant == tenant
                && this.sourceHigh == sourceHigh
                && this.sourceLow == sourceLow;
    }

    /** Takes in a datagram, the newest of all. */
    void add(PartialDatagram datagram) {
        datagram.share(kind, this);
        datagram.older(kind, newest);
        datagram.newer(kind, null);
        if (newest == null) {
            oldest = datagram;
        } else {
            newest.newer(kind, datagram);
        }
        newest = datagram;
        datagrams++;
        heapBytes += datagram.heapBytes();
    }

    void remove(PartialDatagram datagram) {
        PartialDatagram older = datagram.older(kind);
        PartialDatagram newer = datagram.newer(kind);
        if (older == null) {
            oldest = newer;
        } else {
            older.newer(kind, newer);
        }
        if (newer == null) {
            newest = older;
        } else {
            newer.older(kind, older);
        }
        datagram.share(kind, null);
        datagram.older(kind, null);
        datagram.newer(kind, null);
        datagrams--;
        heapBytes -= datagram.heapBytes();
    }

    /** A datagram in here takes so much more of the heap, or less. */
    void grow(int bytes) {
        heapBytes += bytes;
    }

    int kind() {
        return kind;
    }

    int tenant() {
        return tenant;
    }

    long sourceHigh() {
        return sourceHigh;
    }

    long sourceLow() {
        return sourceLow;
    }

    int heapBytes() {
        return heapBytes;
    }

    int datagrams() {
        return datagrams;
    }

    PartialDatagram oldest() {
        return oldest;
    }

    Share next() {
        return next;
    }

    void next(Share share) {
        next = share;
    }
}
