package io.culvert.flow;

/** A bounded number of chunks, each made when it is first needed and then used again for ever. */
final class ChunkPool {
    private final int most;
    private int made;
    private int free;
    private Chunk firstFree;

    ChunkPool(int most) {
        this.most = most;
    }

    /** How many can be taken now. */
    int available() {
        return most - made + free;
    }

    /** Only where one is {@link #available}. */
    Chunk take() {
        if (free == 0) {
            made++;
            return new Chunk();
        }
        Chunk chunk = firstFree;
        firstFree = chunk.nextFree();
        chunk.nextFree(null);
        free--;
        return chunk;
    }

    void giveBack(Chunk chunk) {
        chunk.clear();
        chunk.nextFree(firstFree);
        firstFree = chunk;
        free++;
    }
}
