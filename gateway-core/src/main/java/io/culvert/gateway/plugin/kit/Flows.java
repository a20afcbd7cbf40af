package io.culvert.gateway.plugin.kit;

import io.culvert.hook.Context;
import io.culvert.hook.Endpoint;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.Network;
import io.culvert.hook.TunnelInfo;
import io.culvert.wire.Defect;
import io.culvert.wire.IpPacket;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Flows from what a test writes. */
final class Flows {
    private static final Pattern FORM = Pattern.compile("(\\S+)\\s+(\\S+)\\s*>\\s*(\\S+)");
    private static final Map<String, Integer> PROTOCOLS =
            Map.of(
                    "tcp", FlowInfo.TCP,
                    "udp", FlowInfo.UDP,
                    "icmp", FlowInfo.ICMP,
                    "icmpv6", FlowInfo.ICMPV6);

    private Flows() {}

    /** Of a tenant and a tunnel that have no more than a name. */
    static FlowInfo parse(String text) {
        Matcher form = FORM.matcher(text.strip());
        if (!form.matches()) {
            throw new IllegalArgumentException(
                    "write a flow like \"tcp 10.0.0.1:1234 > 192.0.2.1:443\", not \"" + text + '"');
        }
        Integer protocol = PROTOCOLS.get(form.group(1));
        return flow(
                protocol != null ? protocol : Integer.parseInt(form.group(1)),
                end(form.group(2)),
                end(form.group(3)));
    }

    private static Endpoint end(String text) {
        boolean portless = text.indexOf(']') < 0 && text.indexOf(':') != text.lastIndexOf(':');
        return portless || text.indexOf(':') < 0
                ? new Endpoint(Network.parse(text).address(), 0)
                : Endpoint.parse(text);
    }

    /** As the gateway's ingress takes it. */
    static FlowInfo of(byte[] bytes) {
        IpPacket packet = new IpPacket();
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        Defect defect = packet.wrap(buffer, 0, bytes.length);
        if (defect != Defect.NONE) {
            throw new AssertionError("the gateway drops the packet: " + defect);
        }
        int length = packet.version() == 4 ? 4 : 16;
        int source = packet.version() == 4 ? 12 : 8;
        return flow(
                packet.protocol(),
                new Endpoint(address(buffer, source, length), packet.sourcePort()),
                new Endpoint(address(buffer, source + length, length), packet.destinationPort()));
    }

    private static InetAddress address(ByteBuffer packet, int at, int length) {
        byte[] bytes = new byte[length];
        packet.get(at, bytes);
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new AssertionError("4 and 16 bytes are addresses", e);
        }
    }

    private static FlowInfo flow(int protocol, Endpoint initiator, Endpoint target) {
        TunnelInfo tunnel = new TunnelInfo("kit", "", Map.of());
        return new FlowInfo("kit", tunnel, protocol, initiator, target, Context.EMPTY);
    }
}
