package io.culvert.wire;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class DefectTest {
    @Test
    void countsEveryDefectUnderAReasonForMalformedPackets() {
        assertNull(Defect.NONE.reason());
        for (Defect defect : Defect.values()) {
            assertFalse(defect.meaning().isBlank());
            if (defect == Defect.NONE) continue;
            assertTrue(defect.reason().name().startsWith("MALFORMED_"), defect::name);
        }
    }
}
