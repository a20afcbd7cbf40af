package io.culvert.corpus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.wire.Defect;
import io.culvert.wire.IcmpHeader;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpPacket;
import io.culvert.wire.TcpHeader;

import org.junit.jupiter.api.Test;

/** What the packet view reads in each packet it takes, against what tshark reads there. */
class OracleTest {
    private final IpPacket packet = new IpPacket();
    private final IpPacket quoted = new IpPacket();
    private final Disagreements disagreements = new Disagreements();

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

        assertEquals(Disagreements.explained("reads"), disagreements.found());
        assertTrue(taken > 6_300, "packets compared: " + taken);
    }

    /**
     * A wrong transport checksum is the receiver's affair, and the oracle calls a packet malformed
     * for it.
     */
    @Test
    void refusesWhatTheOracleCallsMalformedAndTakesTheRest() {
        for (CorpusPacket next : CorpusPacket.all()) {
            each = next;
            Defect defect = packet.wrap(each.bytes(), 0, each.length());
            boolean malformed = each.oracle("malformed").equals("yes");
            if (defect != Defect.NONE && !malformed) {
                disagree("refuses " + defect);
            } else if (defect == Defect.NONE
                    && malformed
                    && !each.oracle("transport_checksum").equals("bad")) {
                disagree("takes " + complaint());
            }
        }

        assertEquals(Disagreements.explained("refuses", "takes"), disagreements.found());
    }

    /** The last of what the oracle has to say is the most exact. */
    private String complaint() {
        String[] complaints = each.oracle("expert").split(" \\| ", -1);
        return complaints[complaints.length - 1];
    }

    private void compareIp() {
        expect("version", packet.version());
        expect("source", packet.sourceHigh(), packet.sourceLow());
        expect("destination", packet.destinationHigh(), packet.destinationLow());
        expect("protocol", packet.protocol());
        expect("fragment_offset", packet.fragmentOffset());
        expect("more_fragments", packet.moreFragments() ? 1 : 0);
        if (packet.version() == 4 && !each.oracle("ip_checksum").equals("good")) {
            disagree("reads ip_checksum");
        }
        if (packet.tcp() == null && packet.udp() == null && packet.icmp() == null) return;
        if (packet.icmp() == null) {
            expect("source_port", packet.sourcePort());
            expect("destination_port", packet.destinationPort());
        }
        String wrong = packet.transportChecksumValid() ? "bad" : "good";
        if (each.oracle("transport_checksum").equals(wrong)) {
            disagree("reads transport_checksum");
        }
    }

    private void compareTcp() {
        TcpHeader tcp = packet.tcp();
        String flags = each.oracle("tcp_flags");
        if (tcp == null) {
            if (!flags.isEmpty()) disagree("reads tcp_flags");
            return;
        }
        if ((Integer.decode(flags) & 0xff) != tcp.flags()) disagree("reads tcp_flags");
        expect("tcp_seq", tcp.sequenceNumber());
        expect("tcp_ack", tcp.acknowledgmentNumber());
        // It gives none for a first fragment.
        if (!packet.isFragment()) expect("tcp_len", tcp.payloadLength());
    }

    private void compareIcmp() {
        IcmpHeader icmp = packet.icmp();
        if (icmp == null) {
            if (!each.oracle("icmp_type").isEmpty()) disagree("reads icmp_type");
            return;
        }
        expect("icmp_type", icmp.type());
        expect("icmp_code", icmp.code());
        if (icmp.isError()) {
            compareQuoted(icmp);
        } else if (!each.oracle("quoted_source").isEmpty()) {
            disagree("reads quoted_source");
        }
    }

    private void compareQuoted(IcmpHeader icmp) {
        Defect defect =
                quoted.wrapQuoted(packet.bytes(), icmp.payloadOffset(), icmp.payloadLength());
        if (defect != Defect.NONE) {
            disagree("reads quote " + defect);
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
            disagree("reads " + column);
        }
    }

    private void expect(String column, long high, long low) {
        if (!each.oracle(column).equals(new IpAddress(high, low).toString()))
            disagree("reads " + column);
    }

    private void disagree(String what) {
        disagreements.add(what, each.file(), each.number());
    }
}
