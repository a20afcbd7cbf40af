package io.culvert.gateway.upstream;

import java.util.HashSet;
import java.util.Set;

/**
 * What is wanted of an upstream.
 *
 * @param hash what stays together: requests with the same value go to the same server where the
 *     group balances by hash; of no meaning elsewhere
 * @param retries how often the request has been tried before
 * @param tried where; those are taken again only where there is no other
 */
public record PickRequest(long hash, int retries, Set<Member> tried) {
    public PickRequest {
        tried = Set.copyOf(tried);
    }

    /** For a request that has not been tried anywhere. */
    public static PickRequest first(long hash) {
        return new PickRequest(hash, 0, Set.of());
    }

    /** The same request once more, elsewhere if that can be. */
    public PickRequest after(Member failed) {
        Set<Member> all = new HashSet<>(tried);
        all.add(failed);
        return new PickRequest(hash, retries + 1, all);
    }
}
