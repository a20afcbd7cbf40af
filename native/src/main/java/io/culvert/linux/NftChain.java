package io.culvert.linux;

import java.util.List;

/**
 * Rules that packets pass at one place of their way through the host (nft(8), CHAINS), in both
 * families of IP. What no rule decides goes on.
 *
 * @param translating whether it decides about the addresses of connections, and so sees the first
 *     packet of each alone
 * @param priority when among the chains of its place, the lower, the earlier
 */
public record NftChain(
        String name, boolean translating, Place place, int priority, List<NftRule> rules) {
    /** When destinations are usually translated, {@code dstnat} in nft(8). */
    public static final int DESTINATIONS = -100;

    /** When sources are, {@code srcnat}. */
    public static final int SOURCES = 100;

    /** From {@code linux/netfilter/nf_tables.h}. */
    private static final int NFTA_CHAIN_TABLE = 1;

    private static final int NFTA_CHAIN_NAME = 3, NFTA_CHAIN_HOOK = 4, NFTA_CHAIN_TYPE = 7;
    private static final int NFTA_HOOK_HOOKNUM = 1, NFTA_HOOK_PRIORITY = 2;

    /** Where packets pass, numbered as {@code enum nf_inet_hooks} is. */
    public enum Place {
        BEFORE_ROUTING,
        TO_THIS_HOST,
        FORWARDED,
        FROM_THIS_HOST,
        AFTER_ROUTING
    }

    public NftChain {
        rules = List.copyOf(rules);
    }

    NetlinkMessage encode(NetlinkMessage message, String table) {
        message.attribute(NFTA_CHAIN_TABLE, table).attribute(NFTA_CHAIN_NAME, name);
        int hook = message.begin(NFTA_CHAIN_HOOK);
        message.attributeInNetworkOrder(NFTA_HOOK_HOOKNUM, place.ordinal())
                .attributeInNetworkOrder(NFTA_HOOK_PRIORITY, priority)
                .end(hook);
        return message.attribute(NFTA_CHAIN_TYPE, translating ? "nat" : "filter");
    }
}
