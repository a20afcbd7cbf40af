package io.culvert.corpus;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.culvert.wire.Defect;
import io.culvert.wire.IpPacket;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Which packets of the corpus are refused, and for which defect. */
class RefusalTest {
    private final IpPacket packet = new IpPacket();

    @Test
    void refusesAPacketForADefectItHasAndNoOther() {
        List<String> surprises = new ArrayList<>();
        for (CorpusPacket each : CorpusPacket.all()) {
            Set<Defect> expected = ExpectedDefects.of(each);
            Defect defect = packet.wrap(each.bytes(), 0, each.length());
            if (!expected.contains(defect)) {
                surprises.add(defect + " not " + expected + " " + each);
            }
        }
        assertEquals(List.of(), surprises);
    }
}
