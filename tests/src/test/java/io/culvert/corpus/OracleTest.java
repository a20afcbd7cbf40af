package io.culvert.corpus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.wire.Defect;
import io.culvert.wire.IcmpHeader;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpPacket;
import io.culvert.wire.TcpHeader;

import org.junit.jupiter.api.Test;

import java.util.Map;
import java.util.TreeMap;

/** What the packet view reads in each packet it takes, against what tshark reads there. */
class OracleTest {
    /** Where they differ, and why that is right. */
    private static final Map<String, String> EXPLAINED =
            Map.ofEntries(
                    // The final destination or home address belongs in the pseudo-header, RFC 8200
                    // section 8.1 and RFC 6275; the gateway, which ends no such
                    // packet, takes the header's and calls the checksum wrong.
                    Map.entry("valid.pcap 2090", "transport_checksum"), // home address option
                    Map.entry("valid.pcap 2091", "transport_checksum"), // home address option
                    Map.entry("valid.pcap 2119", "transport_checksum"), // routing header type 2
                    Map.entry("valid.pcap 2125", "transport_checksum"), // routing header type 4
                    // An ICMPv6 redirect is no error (RFC 4861 section 4.5): it quotes in an
                    // option.
                    Map.entry("valid.pcap 2489", "quoted_source"),
                    // Errors that quote nothing, or an IPv6 header whose extensions are cut.
                    Map.entry("malformed.pcap 41", "quote TRUNCATED_HEADER"),
                    Map.entry("malformed.pcap 978", "quote TRUNCATED_HEADER"),
                    Map.entry("malformed.pcap 979", "quote EXTENSION_TRUNCATED"));

    private final IpPacket packet = new IpPacket();
    private final IpPacket quoted = new IpPacket();
    private final Map<String, String> disagreements = new TreeMap<>();

    private CorpusPacket each;

    @Test
    void readsEveryPacketItTakesAsTheOracleDoes() {
        int taken = 0;
        for (CorpusPacket next : CorpusPacket.all()) {
            each = next;
            if (packet.wrap(each.bytes(), 0, each.length()) != Defect.NONE) continue;
            taken++;
            compareIp();
            compareTcp();
            compareIcmp();
        }

        assertEquals(new TreeMap<>(EXPLAINED), disagreements);
        assertTrue(taken > 6_300, "packets compared: " + taken);
    }

    private void compareIp() {
        expect("version", packet.version());
        expect("source", packet.sourceHigh(), packet.sourceLow());
        expect("destination", packet.destinationHigh(), packet.destinationLow());
        expect("protocol", packet.protocol());
        expect("fragment_offset", packet.fragmentOffset());
        expect("more_fragments", packet.moreFragments() ? 1 : 0);
        if (packet.tcp() == null && packet.udp() == null && packet.icmp() == null) return;
        if (packet.icmp() == null) {
            expect("source_port", packet.sourcePort());
            expect("destination_port", packet.destinationPort());
        }
        String wrong = packet.transportChecksumValid() ? "bad" : "good";
        if (each.oracle("transport_checksum").equals(wrong)) {
            disagree("transport_checksum");
        }
    }

    private void compareTcp() {
        TcpHeader tcp = packet.tcp();
        String flags = each.oracle("tcp_flags");
        if (tcp == null) {
            if (!flags.isEmpty()) disagree("tcp_flags");
            return;
        }
        if ((Integer.decode(flags) & 0xff) != tcp.flags()) disagree("tcp_flags");
        expect("tcp_seq", tcp.sequenceNumber());
        expect("tcp_ack", tcp.acknowledgmentNumber());
        // It gives none for a first fragment.
        if (!packet.isFragment()) expect("tcp_len", tcp.payloadLength());
    }

    private void compareIcmp() {
        IcmpHeader icmp = packet.icmp();
        if (icmp == null) {
            if (!each.oracle("icmp_type").isEmpty()) disagree("icmp_type");
            return;
        }
        expect("icmp_type", icmp.type());
        expect("icmp_code", icmp.code());
        if (icmp.isError()) {
            compareQuoted(icmp);
        } else if (!each.oracle("quoted_source").isEmpty()) {
            disagree("quoted_source");
        }
    }

    private void compareQuoted(IcmpHeader icmp) {
        Defect defect =
                quoted.wrapQuoted(packet.bytes(), icmp.payloadOffset(), icmp.payloadLength());
        if (defect != Defect.NONE) {
            disagree("quote " + defect);
            return;
        }
        expect("quoted_source", quoted.sourceHigh(), quoted.sourceLow());
        expect("quoted_destination", quoted.destinationHigh(), quoted.destinationLow());
        expect("quoted_protocol", quoted.protocol());
        if (quoted.tcp() != null || quoted.udp() != null) {
            expect("quoted_source_port", quoted.sourcePort());
            expect("quoted_destination_port", quoted.destinationPort());
        }
    }

    /** Empty is what the oracle says of a field that is not there, and here that is 0. */
    private void expect(String column, int value) {
        String said = each.oracle(column);
        if (said.isEmpty() ? value != 0 : !said.equals(Integer.toUnsignedString(value))) {
            disagree(column);
        }
    }

    private void expect(String column, long high, long low) {
        if (!each.oracle(column).equals(new IpAddress(high, low).toString())) disagree(column);
    }

    private void disagree(String what) {
        disagreements.merge(each.file() + " " + each.number(), what, (a, b) -> a + " " + b);
    }
}
