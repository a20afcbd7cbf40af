package io.culvert.flow;

/** The datagrams under way, by key. */
final class DatagramTable {
    private final PartialDatagram[] table;

    /**
     * @param datagrams at most under way
     */
    DatagramTable(int datagrams) {
        table = new PartialDatagram[Integer.highestOneBit(2 * datagrams)];
    }

    /** The datagram of that key, or null. */
    PartialDatagram find(DatagramKey key) {
        for (PartialDatagram datagram = table[bucket(key)];
                datagram != null;
                datagram = datagram.nextInTable()) {
            if (datagram.key().isSame(key)) return datagram;
        }
        return null;
    }

    void add(PartialDatagram datagram) {
        int bucket = bucket(datagram.key());
        datagram.nextInTable(table[bucket]);
        table[bucket] = datagram;
    }

    void remove(PartialDatagram datagram) {
        int bucket = bucket(datagram.key());
        if (table[bucket] == datagram) {
            table[bucket] = datagram.nextInTable();
        } else {
            PartialDatagram before = table[bucket];
            while (before.nextInTable() != datagram) before = before.nextInTable();
            before.nextInTable(datagram.nextInTable());
        }
        datagram.nextInTable(null);
    }

    private int bucket(DatagramKey key) {
        return key.hash() & (table.length - 1);
    }
}
