package io.culvert.gateway.upstream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The header of the PROXY protocol that a connection to a server begins with (HAProxy's {@code
 * doc/proxy-protocol.txt}, sections 2.1 and 2.2): who the client is, where it wanted to go, and in
 * version 2 whose it is.
 */
final class ProxyHeader {
    /** The tenant, as UTF-8; of the types that section 2.2.6 leaves to applications. */
    static final int TENANT = 0xe0;

    /** A TLV's value that is longer is left out: the whole header has 16 bits of length. */
    private static final int LONGEST_VALUE = 1024;

    private static final byte[] SIGNATURE = {
        0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a
    };
    private static final int VERSION_2_LOCAL = 0x20;
    private static final int VERSION_2_PROXY = 0x21;
    private static final int TCP_OVER_IPV4 = 0x11;
    private static final int TCP_OVER_IPV6 = 0x21;

    private ProxyHeader() {}

    /** The header for a client's connection. */
    static ByteBuf of(ProxyProtocol version, ClientFacts facts, ByteBufAllocator allocator) {
        return switch (version) {
            case V1 -> ByteBufUtil.writeAscii(allocator, line(facts));
            case V2 -> binary(facts, allocator);
        };
    }

    /** The header of a connection of the gateway's own, such as a health check. */
    static ByteBuf local(ProxyProtocol version, ByteBufAllocator allocator) {
        return switch (version) {
            case V1 -> ByteBufUtil.writeAscii(allocator, "PROXY UNKNOWN\r\n");
            case V2 ->
                    allocator
                            .buffer()
                            .writeBytes(SIGNATURE)
                            .writeByte(VERSION_2_LOCAL)
                            .writeByte(0)
                            .writeShort(0);
        };
    }

    private static String line(ClientFacts facts) {
        boolean ipv4 = isIpv4(facts);
        return "PROXY %s %s %s %d %d\r\n"
                .formatted(
                        ipv4 ? "TCP4" : "TCP6",
                        text(facts.client().getAddress(), ipv4),
                        text(facts.target().getAddress(), ipv4),
                        facts.client().getPort(),
                        facts.target().getPort());
    }

    private static ByteBuf binary(ClientFacts facts, ByteBufAllocator allocator) {
        boolean ipv4 = isIpv4(facts);
        ByteBuf header = allocator.buffer();
        header.writeBytes(SIGNATURE);
        header.writeByte(VERSION_2_PROXY);
        header.writeByte(ipv4 ? TCP_OVER_IPV4 : TCP_OVER_IPV6);
        int length = header.writerIndex();
        header.writeShort(0);
        header.writeBytes(bytes(facts.client(), ipv4));
        header.writeBytes(bytes(facts.target(), ipv4));
        header.writeShort(facts.client().getPort());
        header.writeShort(facts.target().getPort());
        byte[] tenant = facts.tenant().getBytes(StandardCharsets.UTF_8);
        if (tenant.length > 0 && tenant.length <= LONGEST_VALUE) {
            header.writeByte(TENANT).writeShort(tenant.length).writeBytes(tenant);
        }
        return header.setShort(length, header.writerIndex() - length - Short.BYTES);
    }

    private static boolean isIpv4(ClientFacts facts) {
        return facts.client().getAddress() instanceof Inet4Address
                && facts.target().getAddress() instanceof Inet4Address;
    }

    private static byte[] bytes(InetSocketAddress address, boolean ipv4) {
        byte[] bytes = address.getAddress().getAddress();
        return ipv4 || bytes.length == 16 ? bytes : mapped(bytes);
    }

    /** RFC 4291 section 2.5.5.2, where the two are of different families. */
    private static byte[] mapped(byte[] ipv4) {
        byte[] mapped = new byte[16];
        Arrays.fill(mapped, 10, 12, (byte) 0xff);
        System.arraycopy(ipv4, 0, mapped, 12, ipv4.length);
        return mapped;
    }

    private static String text(InetAddress address, boolean ipv4) {
        if (!ipv4 && address instanceof Inet4Address) {
            return "::ffff:" + address.getHostAddress();
        }
        // An IPv6 address may have a zone, which means nothing to others.
        String text = address.getHostAddress();
        int zone = text.indexOf('%');
        return zone < 0 ? text : text.substring(0, zone);
    }
}
