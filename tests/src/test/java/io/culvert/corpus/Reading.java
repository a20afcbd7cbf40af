package io.culvert.corpus;

import io.culvert.wire.Defect;
import io.culvert.wire.IcmpHeader;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpPacket;
import io.culvert.wire.TcpHeader;
import io.culvert.wire.UdpHeader;

import java.nio.ByteBuffer;

/** Everything that can be read in a packet, as text: what two readings must have in common. */
public final class Reading {
    private final IpPacket packet = new IpPacket();
    private final IpPacket quoted = new IpPacket();

    /** The whole answer about these bytes; indexes are given from the packet's start. */
    public String of(ByteBuffer bytes, int start, int length) {
        Defect defect = packet.wrap(bytes, start, length);
        if (defect != Defect.NONE) return defect.name();
        StringBuilder text = new StringBuilder();
        addresses(text, packet);
        text.append(" length ").append(packet.length());
        text.append(" transport ").append(packet.transportOffset() - start);
        text.append('+').append(packet.transportLength());
        text.append(" ttl ").append(packet.timeToLive()).append(" tc ");
        text.append(packet.trafficClass()).append(" fragment ").append(packet.isFragment());
        text.append(packet.isFirstFragment()).append(packet.fragmentOffset());
        text.append(packet.moreFragments()).append(packet.fragmentIdentification());
        text.append(" unicast ").append(packet.isUnicast());
        text.append(" checksum ").append(packet.transportChecksumValid());
        tcp(text, packet.tcp(), start);
        udp(text, packet.udp(), start);
        icmp(text, bytes, packet.icmp(), start);
        return text.toString();
    }

    private static void addresses(StringBuilder text, IpPacket packet) {
        text.append(packet.version()).append(' ').append(packet.protocol()).append(' ');
        text.append(new IpAddress(packet.sourceHigh(), packet.sourceLow())).append(' ');
        text.append(packet.sourcePort()).append(" > ");
        text.append(new IpAddress(packet.destinationHigh(), packet.destinationLow())).append(' ');
        text.append(packet.destinationPort());
    }

    private static void tcp(StringBuilder text, TcpHeader tcp, int start) {
        if (tcp == null) return;
        int offset = tcp.maximumSegmentSizeOffset();
        text.append(" tcp ").append(tcp.sequenceNumber()).append(' ');
        text.append(tcp.acknowledgmentNumber()).append(' ').append(tcp.flags()).append(' ');
        text.append(tcp.window()).append(' ').append(tcp.checksum()).append(' ');
        text.append(tcp.headerLength()).append('+').append(tcp.payloadLength());
        if (offset >= 0) {
            text.append(" mss ").append(offset - start).append(tcp.maximumSegmentSize());
        }
    }

    private static void udp(StringBuilder text, UdpHeader udp, int start) {
        if (udp == null) return;
        text.append(" udp ").append(udp.length()).append(' ').append(udp.checksum()).append(' ');
        text.append(udp.payloadOffset() - start).append('+').append(udp.payloadLength());
    }

    private void icmp(StringBuilder text, ByteBuffer bytes, IcmpHeader icmp, int start) {
        if (icmp == null) return;
        text.append(" icmp ").append(icmp.type()).append('/').append(icmp.code()).append(' ');
        text.append(icmp.checksum()).append(' ').append(icmp.information()).append(' ');
        text.append(icmp.payloadOffset() - start).append('+').append(icmp.payloadLength());
        if (!icmp.isError()) return;
        Defect defect = quoted.wrapQuoted(bytes, icmp.payloadOffset(), icmp.payloadLength());
        text.append(" quotes ").append(defect.name()).append(' ');
        if (defect != Defect.NONE) return;
        addresses(text, quoted);
        text.append(" length ").append(quoted.length());
        text.append(quoted.transportChecksumValid());
        TcpHeader tcp = quoted.tcp();
        if (tcp != null) text.append(" tcp ").append(tcp.sequenceNumber());
        udp(text, quoted.udp(), start);
    }
}
