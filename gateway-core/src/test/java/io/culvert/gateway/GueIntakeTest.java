package io.culvert.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.culvert.hook.Reason;
import io.culvert.tun.GueOutcome;

import org.junit.jupiter.api.Test;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;

class GueIntakeTest {
    @Test
    void hasAReasonForEveryDatagramThatIsDropped() {
        Map<GueOutcome, Reason> reasons = new EnumMap<>(GueOutcome.class);
        for (GueOutcome outcome : EnumSet.complementOf(EnumSet.of(GueOutcome.PACKET))) {
            Reason reason = GueIntake.reason(outcome);
            if (reason != Reason.MALFORMED_TUNNEL) {
                reasons.put(outcome, reason);
            }
        }
        assertEquals(
                Map.of(
                        GueOutcome.UNKNOWN_PEER, Reason.UNKNOWN_PEER,
                        GueOutcome.TOO_MANY_PEERS, Reason.TUNNEL_LIMIT,
                        GueOutcome.CONTROL_MESSAGE, Reason.TUNNEL_CONTROL,
                        GueOutcome.UNEXPECTED_PRIVATE_DATA, Reason.TUNNEL_CONTEXT,
                        GueOutcome.CONGESTION_UNMARKABLE, Reason.TUNNEL_ECN),
                reasons);
        assertThrows(IllegalArgumentException.class, () -> GueIntake.reason(GueOutcome.PACKET));
    }
}
