package io.culvert.flow;

/**
 * The shares of tenants and sources that have something under way. A share that is given back is
 * used again.
 */
final class ShareTable {
    private final Share[] table;
    private Share firstFree;
    private int tenants;

    /**
     * @param datagrams at most under way
     */
    ShareTable(int datagrams) {
        table = new Share[Integer.highestOneBit(2 * datagrams)];
    }

    /** How many tenants have a share. */
    int tenants() {
        return tenants;
    }

    Share ofTenant(int tenant) {
        return find(Share.TENANT, tenant, 0, 0);
    }

    Share ofSource(int tenant, long high, long low) {
        return find(Share.SOURCE, tenant, high, low);
    }

    private Share find(int kind, int tenant, long high, long low) {
        int bucket = bucket(kind, tenant, high, low);
        for (Share share = table[bucket]; share != null; share = share.next()) {
            if (share.isOf(kind, tenant, high, low)) return share;
        }
        Share share = firstFree == null ? new Share() : firstFree;
        if (share == firstFree) firstFree = share.next();
        share.of(kind, tenant, high, low).next(table[bucket]);
        table[bucket] = share;
        if (kind == Share.TENANT) tenants++;
        return share;
    }

    /** Takes an empty share back. */
    void giveBack(Share share) {
        int bucket = bucket(share.kind(), share.tenant(), share.sourceHigh(), share.sourceLow());
        if (table[bucket] == share) {
            table[bucket] = share.next();
        } else {
            Share before = table[bucket];
            while (before.next() != share) before = before.next();
            before.next(share.next());
        }
        share.next(firstFree);
        firstFree = share;
        if (share.kind() == Share.TENANT) tenants--;
    }

    private int bucket(int kind, int tenant, long high, long low) {
        return KeyedHash.of(kind, tenant, high, low, 0) & (table.length - 1);
    }
}
