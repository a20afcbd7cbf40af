package io.culvert.linux;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Tables of the kernel's packet filter for both families of IP ({@code inet}, nft(8)), in the
 * network namespace of the thread that made this object. Thread-safe; no program is run.
 *
 * <p>A table {@linkplain #addOwned owned} by this object can be changed by nobody else, outlives a
 * {@code flush ruleset}, and is gone when this is closed or the process ends, however it does. That
 * takes Linux 5.12.
 */
public final class Nftables implements AutoCloseable {
    private static final int NETLINK_NETFILTER = 12;
    private static final int NFNL_SUBSYS_NFTABLES = 10;
    private static final int NFPROTO_INET = 1;

    /** Frames of what takes effect together: {@code linux/netfilter/nfnetlink.h}. */
    private static final int BATCH_BEGIN = 16, BATCH_END = 17;

    private static final int NEW_TABLE = 0, GET_TABLE = 1, DELETE_TABLE = 2;
    private static final int NEW_CHAIN = 3, NEW_RULE = 6, GET_RULE = 7;
    private static final int NEW = NetlinkMessage.NLM_F_CREATE | NetlinkMessage.NLM_F_EXCL;
    private static final int APPENDED = NetlinkMessage.NLM_F_CREATE | 0x800;

    private static final int NFTA_RULE_TABLE = 1, NFTA_RULE_CHAIN = 2;

    private final NetlinkSocket socket;

    /** Speaks of the calling thread's network namespace, for good. */
    public Nftables() throws SyscallException {
        socket = new NetlinkSocket(NETLINK_NETFILTER);
    }

    /** Makes a table of which nothing is left when this object is closed. */
    public void addOwned(String name, List<NftChain> chains) throws SyscallException {
        List<NetlinkMessage> batch = new ArrayList<>();
        batch.add(
                message(NEW_TABLE, NEW)
                        .attribute(NftTable.NFTA_TABLE_NAME, name)
                        .attributeInNetworkOrder(
                                NftTable.NFTA_TABLE_FLAGS, NftTable.NFT_TABLE_F_OWNER));
        for (NftChain chain : chains) {
            batch.add(chain.encode(message(NEW_CHAIN, NEW), name));
        }
        for (NftChain chain : chains) {
            for (NftRule rule : chain.rules()) {
                batch.add(rule.encode(message(NEW_RULE, APPENDED), name, chain.name()));
            }
        }
        change(batch, () -> "add nftables table " + name);
    }

    /** Makes a table that does nothing and stays until it is deleted. */
    public void addNote(String name, String comment) throws SyscallException {
        NetlinkMessage message =
                message(NEW_TABLE, NEW)
                        .attribute(NftTable.NFTA_TABLE_NAME, name)
                        .attribute(NftTable.NFTA_TABLE_USERDATA, NftTable.encodeComment(comment));
        change(List.of(message), () -> "add nftables table " + name);
    }

    /** Deletes a table with all that is in it. */
    public void delete(String name) throws SyscallException {
        change(
                List.of(message(DELETE_TABLE, 0).attribute(NftTable.NFTA_TABLE_NAME, name)),
                () -> "delete nftables table " + name);
    }

    /** Every table of the kind, whoever made it. */
    public List<NftTable> tables() throws SyscallException {
        return socket.ask(
                message(GET_TABLE, NetlinkMessage.NLM_F_DUMP),
                NftTable::decode,
                () -> "list nftables tables");
    }

    /** Of each rule of a table the name of its chain. */
    public List<String> rules(String table) throws SyscallException {
        return socket.ask(
                message(GET_RULE, NetlinkMessage.NLM_F_DUMP).attribute(NFTA_RULE_TABLE, table),
                bytes -> chainOf(bytes, table),
                () -> "list nftables rules");
    }

    private static String chainOf(ByteBuffer bytes, String table) {
        NetlinkAttributes attributes = NetlinkAttributes.read(bytes, NftTable.ATTRIBUTES);
        return attributes.string(NFTA_RULE_TABLE, "").equals(table)
                ? attributes.string(NFTA_RULE_CHAIN, "")
                : null;
    }

    private void change(List<NetlinkMessage> messages, Supplier<String> what)
            throws SyscallException {
        List<NetlinkMessage> batch = new ArrayList<>();
        batch.add(frame(BATCH_BEGIN));
        batch.addAll(messages);
        batch.add(frame(BATCH_END));
        socket.askTogether(batch, what);
    }

    /** {@code struct nfgenmsg}: family, version, and which part of netfilter the batch is for. */
    private static NetlinkMessage frame(int type) {
        return NetlinkMessage.unanswered(type).u8(0).u8(0).u8(0).u8(NFNL_SUBSYS_NFTABLES);
    }

    private static NetlinkMessage message(int type, int flags) {
        return new NetlinkMessage(NFNL_SUBSYS_NFTABLES << 8 | type, flags)
                .u8(NFPROTO_INET)
                .u8(0)
                .u16(0);
    }

    @Override
    public void close() {
        socket.close();
    }
}
