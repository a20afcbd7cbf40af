package io.culvert.nat;

import io.culvert.wire.IpAddress;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * An outside address's ports in blocks of one size, each one tenant's at most and each tenant with
 * one at most: whatever a tenant does, it takes no port from another's block. A block is allotted
 * for a tenant's first mapping and returned after its last; ports that do not fill a block at the
 * range's end are nobody's. Which block a tenant gets is drawn, for RFC 6888 REQ-15.
 *
 * <p>Threading: under the table's lock.
 */
final class PortBlocks {
    private static final class Allotted {
        private final PortBlock block;
        private int mappings;

        Allotted(PortBlock block) {
            this.block = block;
        }
    }

    private final IpAddress address;
    private final PortRange ports;
    private final int size;
    private final PortBlockListener listener;
    private final Map<Integer, Allotted> byTenant = new HashMap<>();

    // The numbers of free blocks, in no order.
    private final int[] free;
    private int freeCount;

    PortBlocks(IpAddress address, PortRange ports, int size, PortBlockListener listener) {
        this.address = address;
        this.ports = ports;
        this.size = size;
        this.listener = listener;
        freeCount = ports.size() / size;
        free = new int[freeCount];
        for (int i = 0; i < freeCount; i++) {
            free[i] = i;
        }
    }

    boolean has(int tenant) {
        return byTenant.containsKey(tenant);
    }

    /** The tenant's ports; {@code null} where it has none yet. */
    PortRange of(int tenant) {
        Allotted allotted = byTenant.get(tenant);
        return allotted == null ? null : allotted.block.ports();
    }

    /** Whether a tenant without ports could get some. */
    boolean hasFree() {
        return freeCount > 0;
    }

    /** The tenant's ports, which it gets if it has none; {@code null} where no block is free. */
    PortRange claim(int tenant, RandomGenerator random) {
        Allotted allotted = byTenant.get(tenant);
        if (allotted == null && freeCount > 0) {
            allotted = new Allotted(allot(tenant, random.nextInt(freeCount)));
            byTenant.put(tenant, allotted);
        }
        return allotted == null ? null : allotted.block.ports();
    }

    private PortBlock allot(int tenant, int index) {
        int first = ports.first() + free[index] * size;
        free[index] = free[--freeCount];
        PortBlock block = new PortBlock(tenant, address, new PortRange(first, first + size - 1));
        listener.allotted(block);
        return block;
    }

    /** The tenant has a mapping more. */
    void mapped(int tenant) {
        byTenant.get(tenant).mappings++;
    }

    /** The tenant has a mapping less, rested ones not counted. */
    void unmapped(int tenant) {
        Allotted allotted = byTenant.get(tenant);
        allotted.mappings--;
        if (allotted.mappings == 0) {
            byTenant.remove(tenant);
            PortBlock block = allotted.block;
            free[freeCount++] = (block.ports().first() - ports.first()) / size;
            listener.returned(block);
        }
    }

    List<PortBlock> allotted() {
        return byTenant.values().stream().map(allotted -> allotted.block).toList();
    }
}
