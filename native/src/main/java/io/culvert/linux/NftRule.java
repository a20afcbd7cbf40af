package io.culvert.linux;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * A rule of a chain of {@link Nftables}: conditions, all of which a packet has to fulfil, and then
 * what becomes of it (nft(8), STATEMENTS). Each method appends to the rule and answers it. For one
 * thread.
 */
public final class NftRule {
    static final int NFPROTO_IPV4 = 2;
    static final int NFPROTO_IPV6 = 10;

    /** From {@code linux/netfilter/nf_tables.h}, as all numbers here. */
    private static final int NFTA_RULE_TABLE = 1;

    private static final int NFTA_RULE_CHAIN = 2;
    private static final int NFTA_RULE_EXPRESSIONS = 4;
    private static final int NFTA_LIST_ELEM = 1;
    private static final int NFTA_EXPR_NAME = 1;
    private static final int NFTA_EXPR_DATA = 2;
    private static final int NFTA_DATA_VALUE = 1;
    private static final int NFTA_DATA_VERDICT = 2;
    private static final int NFTA_VERDICT_CODE = 1;

    /** Registers of 16 bytes each; a verdict has its own. */
    private static final int NFT_REG_VERDICT = 0;

    private static final int NFT_REG_1 = 1;
    private static final int NFT_REG_2 = 2;
    private static final int NFT_REG_3 = 3;

    private static final int NFTA_META_DREG = 1, NFTA_META_KEY = 2;
    private static final int NFT_META_OIFNAME = 7, NFT_META_NFPROTO = 15, NFT_META_L4PROTO = 16;
    private static final int NFTA_CMP_SREG = 1, NFTA_CMP_OP = 2, NFTA_CMP_DATA = 3;
    private static final int NFT_CMP_EQ = 0, NFT_CMP_NEQ = 1;
    private static final int NFTA_RANGE_SREG = 1, NFTA_RANGE_OP = 2;
    private static final int NFTA_RANGE_FROM_DATA = 3, NFTA_RANGE_TO_DATA = 4;
    private static final int NFT_RANGE_EQ = 0;
    private static final int NFTA_PAYLOAD_DREG = 1, NFTA_PAYLOAD_BASE = 2;
    private static final int NFTA_PAYLOAD_OFFSET = 3, NFTA_PAYLOAD_LEN = 4;
    private static final int NFT_PAYLOAD_NETWORK_HEADER = 1, NFT_PAYLOAD_TRANSPORT_HEADER = 2;
    private static final int NFTA_IMMEDIATE_DREG = 1, NFTA_IMMEDIATE_DATA = 2;
    private static final int NFTA_SOCKET_KEY = 1, NFTA_SOCKET_DREG = 2, NFT_SOCKET_WILDCARD = 2;
    private static final int NFTA_NAT_TYPE = 1, NFTA_NAT_FAMILY = 2, NFTA_NAT_REG_ADDR_MIN = 3;
    private static final int NFTA_NAT_REG_PROTO_MIN = 5, NFTA_NAT_REG_PROTO_MAX = 6;
    private static final int NFT_NAT_SNAT = 0, NFT_NAT_DNAT = 1;
    private static final int NF_DROP = 0, NFT_RETURN = -5;

    private static final int INTERFACE_NAME_LENGTH = 16;
    private static final int DESTINATION_PORT = 2;

    private final List<Consumer<NetlinkMessage>> expressions = new ArrayList<>();

    /** Packets from that address. */
    public NftRule from(InetAddress source) {
        boolean ipv6 = source instanceof Inet6Address;
        return family(ipv6).networkHeader(ipv6 ? 8 : 12, source.getAddress());
    }

    /** Packets to that address. */
    public NftRule to(InetAddress destination) {
        boolean ipv6 = destination instanceof Inet6Address;
        return family(ipv6).networkHeader(ipv6 ? 24 : 16, destination.getAddress());
    }

    /** Packets of that protocol, whatever extension headers there are before it. */
    public NftRule protocol(int number) {
        return meta(NFT_META_L4PROTO).compare(NFT_CMP_EQ, (byte) number);
    }

    /** Packets to a port of that range, after {@link #protocol}, which has to have ports. */
    public NftRule toPorts(int first, int last) {
        payload(NFT_PAYLOAD_TRANSPORT_HEADER, DESTINATION_PORT, Short.BYTES);
        return expression(
                "range",
                message -> {
                    message.attributeInNetworkOrder(NFTA_RANGE_SREG, NFT_REG_1)
                            .attributeInNetworkOrder(NFTA_RANGE_OP, NFT_RANGE_EQ);
                    value(message, NFTA_RANGE_FROM_DATA, port(first));
                    value(message, NFTA_RANGE_TO_DATA, port(last));
                });
    }

    /**
     * Packets that a socket of this host waits for which is bound to the packet's destination
     * address, a connected one above all.
     */
    public NftRule toBoundSocket() {
        expression(
                "socket",
                message ->
                        message.attributeInNetworkOrder(NFTA_SOCKET_KEY, NFT_SOCKET_WILDCARD)
                                .attributeInNetworkOrder(NFTA_SOCKET_DREG, NFT_REG_1));
        return compare(NFT_CMP_EQ, (byte) 0);
    }

    /** Packets that leave by another device than the one of that name. */
    public NftRule notLeavingBy(String device) {
        byte[] name = device.getBytes(StandardCharsets.UTF_8);
        return meta(NFT_META_OIFNAME)
                .compare(NFT_CMP_NEQ, Arrays.copyOf(name, INTERFACE_NAME_LENGTH));
    }

    /** Passes them on as they are. */
    public NftRule leave() {
        return verdict(NFT_RETURN);
    }

    /** Ends the packet. */
    public NftRule drop() {
        return verdict(NF_DROP);
    }

    /** Gives the connection that destination, and keeps the port. */
    public NftRule redirect(InetAddress destination) {
        return load(NFT_REG_1, destination.getAddress())
                .expression(
                        "nat",
                        message ->
                                message.attributeInNetworkOrder(NFTA_NAT_TYPE, NFT_NAT_DNAT)
                                        .attributeInNetworkOrder(
                                                NFTA_NAT_FAMILY, netfilterFamily(destination))
                                        .attributeInNetworkOrder(NFTA_NAT_REG_ADDR_MIN, NFT_REG_1));
    }

    /**
     * Gives the connection that source, and keeps the port where it is in the range and nobody else
     * has it towards the same destination.
     */
    public NftRule masquerade(InetAddress source, int firstPort, int lastPort) {
        return load(NFT_REG_1, source.getAddress())
                .load(NFT_REG_2, port(firstPort))
                .load(NFT_REG_3, port(lastPort))
                .expression(
                        "nat",
                        message ->
                                message.attributeInNetworkOrder(NFTA_NAT_TYPE, NFT_NAT_SNAT)
                                        .attributeInNetworkOrder(
                                                NFTA_NAT_FAMILY, netfilterFamily(source))
                                        .attributeInNetworkOrder(NFTA_NAT_REG_ADDR_MIN, NFT_REG_1)
                                        .attributeInNetworkOrder(NFTA_NAT_REG_PROTO_MIN, NFT_REG_2)
                                        .attributeInNetworkOrder(
                                                NFTA_NAT_REG_PROTO_MAX, NFT_REG_3));
    }

    NetlinkMessage encode(NetlinkMessage message, String table, String chain) {
        message.attribute(NFTA_RULE_TABLE, table).attribute(NFTA_RULE_CHAIN, chain);
        int list = message.begin(NFTA_RULE_EXPRESSIONS);
        expressions.forEach(expression -> expression.accept(message));
        return message.end(list);
    }

    private NftRule family(boolean ipv6) {
        return meta(NFT_META_NFPROTO)
                .compare(NFT_CMP_EQ, (byte) (ipv6 ? NFPROTO_IPV6 : NFPROTO_IPV4));
    }

    private NftRule networkHeader(int offset, byte[] value) {
        return payload(NFT_PAYLOAD_NETWORK_HEADER, offset, value.length).compare(NFT_CMP_EQ, value);
    }

    private NftRule meta(int key) {
        return expression(
                "meta",
                message ->
                        message.attributeInNetworkOrder(NFTA_META_KEY, key)
                                .attributeInNetworkOrder(NFTA_META_DREG, NFT_REG_1));
    }

    private NftRule payload(int base, int offset, int length) {
        return expression(
                "payload",
                message ->
                        message.attributeInNetworkOrder(NFTA_PAYLOAD_DREG, NFT_REG_1)
                                .attributeInNetworkOrder(NFTA_PAYLOAD_BASE, base)
                                .attributeInNetworkOrder(NFTA_PAYLOAD_OFFSET, offset)
                                .attributeInNetworkOrder(NFTA_PAYLOAD_LEN, length));
    }

    private NftRule compare(int operator, byte... value) {
        return expression(
                "cmp",
                message -> {
                    message.attributeInNetworkOrder(NFTA_CMP_SREG, NFT_REG_1)
                            .attributeInNetworkOrder(NFTA_CMP_OP, operator);
                    value(message, NFTA_CMP_DATA, value);
                });
    }

    private NftRule load(int register, byte... value) {
        return expression(
                "immediate",
                message -> {
                    message.attributeInNetworkOrder(NFTA_IMMEDIATE_DREG, register);
                    value(message, NFTA_IMMEDIATE_DATA, value);
                });
    }

    private NftRule verdict(int code) {
        return expression(
                "immediate",
                message -> {
                    message.attributeInNetworkOrder(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
                    int data = message.begin(NFTA_IMMEDIATE_DATA);
                    int verdict = message.begin(NFTA_DATA_VERDICT);
                    message.attributeInNetworkOrder(NFTA_VERDICT_CODE, code);
                    message.end(verdict).end(data);
                });
    }

    private NftRule expression(String name, Consumer<NetlinkMessage> attributes) {
        expressions.add(
                message -> {
                    int element = message.begin(NFTA_LIST_ELEM);
                    int data = message.attribute(NFTA_EXPR_NAME, name).begin(NFTA_EXPR_DATA);
                    attributes.accept(message);
                    message.end(data).end(element);
                });
        return this;
    }

    private static void value(NetlinkMessage message, int attribute, byte... value) {
        int data = message.begin(attribute);
        message.attribute(NFTA_DATA_VALUE, value).end(data);
    }

    private static int netfilterFamily(InetAddress address) {
        return address instanceof Inet6Address ? NFPROTO_IPV6 : NFPROTO_IPV4;
    }

    private static byte[] port(int port) {
        return ByteBuffer.allocate(Short.BYTES).putShort((short) port).array();
    }
}
