package io.culvert.corpus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.culvert.wire.Defect;
import io.culvert.wire.IpPacket;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;

/** Every packet of the corpus as an ICMP error would quote it: cut anywhere. */
class QuotedPacketTest {
    private static final int LONGEST = 128;
    private static final int LEAST_TRANSPORT = 8;

    private final IpPacket whole = new IpPacket();
    private final IpPacket quoted = new IpPacket();

    @Test
    void showsTheSameEndpointsAsTheWholeOnceEightTransportBytesAreThere() {
        for (CorpusPacket each : CorpusPacket.all()) {
            if (whole.wrap(each.bytes(), 0, each.length()) != Defect.NONE) continue;
            int least =
                    whole.transportOffset() + Math.min(LEAST_TRANSPORT, whole.transportLength());
            for (int length = least; length <= Math.min(LONGEST, each.length()); length++) {
                Defect defect = quoted.wrapQuoted(each.bytes().slice(0, length), 0, length);

                assertEquals(Defect.NONE, defect, each::toString);
                assertEquals(endpoints(whole), endpoints(quoted), each::toString);
            }
        }
    }

    @Test
    void refusesAQuoteWhoseIpHeaderIsCut() {
        for (CorpusPacket each : CorpusPacket.all()) {
            if (whole.wrap(each.bytes(), 0, each.length()) != Defect.NONE) continue;
            for (int length = 0; length < whole.transportOffset(); length++) {
                ByteBuffer cut = each.bytes().slice(0, length);

                assertNotEquals(Defect.NONE, quoted.wrapQuoted(cut, 0, length), each::toString);
            }
        }
    }

    private static String endpoints(IpPacket packet) {
        String text = packet.version() + " " + packet.protocol() + " " + packet.fragmentOffset();
        text += " " + packet.sourceHigh() + " " + packet.sourceLow() + " " + packet.sourcePort();
        text += " " + packet.destinationHigh() + " " + packet.destinationLow();
        text += " " + packet.destinationPort();
        return packet.tcp() == null ? text : text + " " + packet.tcp().sequenceNumber();
    }
}
