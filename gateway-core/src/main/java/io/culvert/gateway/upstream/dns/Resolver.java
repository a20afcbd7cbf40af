package io.culvert.gateway.upstream.dns;

import io.netty.util.concurrent.Future;

/** Finds the addresses of names. */
public interface Resolver {
    /**
     * Finds them.
     *
     * @param tenant whose name servers are asked; those for everybody where it has none of its own
     * @param host a name; an address stands for itself
     * @return completes on the resolver's loop, and never fails: a problem is an answer, too.
     *     Addresses are as servers gave them, IPv6 first
     */
    Future<NameAnswer> resolve(String tenant, String host);
}
