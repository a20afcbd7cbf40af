package io.culvert.gateway.upstream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.wire.IpAddress;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.haproxy.HAProxyCommand;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import io.netty.handler.codec.haproxy.HAProxyMessageDecoder;

import org.junit.jupiter.api.Test;

import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Literal headers, and what Netty's decoder makes of them. */
class ProxyHeaderTest {
    private static final String SIGNATURE = "0d0a0d0a000d0a515549540a";

    private static ClientFacts facts(String tenant, String client, String target) {
        return new ClientFacts(
                tenant,
                new InetSocketAddress(IpAddress.parse(client).toInetAddress(), 40_000),
                new InetSocketAddress(IpAddress.parse(target).toInetAddress(), 443),
                Optional.empty());
    }

    private static String text(ByteBuf header) {
        return header.toString(StandardCharsets.US_ASCII);
    }

    private static ByteBuf of(ProxyProtocol version, ClientFacts facts) {
        return ProxyHeader.of(version, facts, UnpooledByteBufAllocator.DEFAULT);
    }

    @Test
    void saysItInALineOfText() {
        assertEquals(
                "PROXY TCP4 10.50.0.2 192.0.2.10 40000 443\r\n",
                text(of(ProxyProtocol.V1, facts("acme", "10.50.0.2", "192.0.2.10"))));
        assertEquals(
                "PROXY TCP6 2001:db8:0:0:0:0:0:1 2001:db8:0:0:0:0:0:a 40000 443\r\n",
                text(of(ProxyProtocol.V1, facts("acme", "2001:db8::1", "2001:db8::a"))));
    }

    @Test
    void saysItInBinaryWithTheTenant() {
        assertEquals(
                SIGNATURE
                        + "21" // version 2, PROXY
                        + "11" // TCP over IPv4
                        + "0013" // 12 of addresses, 7 of the tenant
                        + "0a320002"
                        + "c000020a"
                        + "9c40"
                        + "01bb"
                        + "e0000461636d65",
                ByteBufUtil.hexDump(
                        of(ProxyProtocol.V2, facts("acme", "10.50.0.2", "192.0.2.10"))));
        assertEquals(
                SIGNATURE
                        + "21"
                        + "21"
                        + "0024"
                        + "20010db8000000000000000000000001"
                        + "20010db800000000000000000000000a"
                        + "9c40"
                        + "01bb",
                ByteBufUtil.hexDump(of(ProxyProtocol.V2, facts("", "2001:db8::1", "2001:db8::a"))));
    }

    @Test
    void isReadByAnother() {
        EmbeddedChannel reader = new EmbeddedChannel(new HAProxyMessageDecoder());
        reader.writeInbound(of(ProxyProtocol.V2, facts("ürün", "10.50.0.2", "2001:db8::a")));
        HAProxyMessage message = reader.readInbound();
        assertEquals("0:0:0:0:0:ffff:a32:2", message.sourceAddress());
        assertEquals("2001:db8:0:0:0:0:0:a", message.destinationAddress());
        assertEquals(40_000, message.sourcePort());
        assertEquals(443, message.destinationPort());
        assertEquals("ürün", message.tlvs().getFirst().content().toString(StandardCharsets.UTF_8));
        assertEquals((byte) 0xe0, message.tlvs().getFirst().typeByteValue());
        message.release();
    }

    @Test
    void saysOfItsOwnConnectionsThatTheyAre() {
        assertEquals(
                "PROXY UNKNOWN\r\n",
                text(ProxyHeader.local(ProxyProtocol.V1, UnpooledByteBufAllocator.DEFAULT)));
        EmbeddedChannel reader = new EmbeddedChannel(new HAProxyMessageDecoder());
        reader.writeInbound(ProxyHeader.local(ProxyProtocol.V2, UnpooledByteBufAllocator.DEFAULT));
        HAProxyMessage message = reader.readInbound();
        assertEquals(HAProxyCommand.LOCAL, message.command());
        message.release();
    }

    @Test
    void leavesATenantOutWhoseNameIsTooLong() {
        ByteBuf header = of(ProxyProtocol.V2, facts("x".repeat(1025), "10.50.0.2", "192.0.2.10"));
        assertTrue(ByteBufUtil.hexDump(header).startsWith(SIGNATURE + "2111000c"));
    }
}
