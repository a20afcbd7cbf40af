package io.culvert.gateway.telemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.culvert.flow.FlowKey;
import io.culvert.gateway.telemetry.RefusalFilter.Fate;
import io.culvert.hook.Reason;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Test;

import java.time.Duration;

class RefusalFilterTest {
    private final RefusalFilter filter = new RefusalFilter();
    private long now = Duration.ofHours(-1).toNanos();

    private static FlowKey key(int port) {
        return new FlowKey().set(1, IpProtocol.TCP, 0, 0xffff_0a00_0001L, port, 0, 2, 443);
    }

    private Fate refused(int port) {
        return filter.of(key(port), Reason.POLICY_RULE, now);
    }

    @Test
    void aFlowThatIsRefusedAgainIsRecordedAgainAfterTenSecondsOnly() {
        assertEquals(Fate.RECORDED, refused(1));
        now += RefusalFilter.QUIET.toNanos() - 1;
        assertEquals(Fate.REPEATED, refused(1));
        assertEquals(Fate.RECORDED, refused(2));
        now++;
        assertEquals(Fate.RECORDED, refused(1));
    }

    @Test
    void theSameFlowIsRecordedOnceForEachReason() {
        assertEquals(Fate.RECORDED, refused(1));
        assertEquals(Fate.RECORDED, filter.of(key(1), Reason.TABLE_FULL, now));
        assertEquals(Fate.REPEATED, filter.of(key(1), Reason.TABLE_FULL, now));
    }

    @Test
    void soManyAreRecordedInASecondAndMoreInTheNext() {
        int recorded = 0;
        for (int port = 1; port <= 3_000; port++) {
            if (refused(port) == Fate.RECORDED) {
                recorded++;
            }
        }
        assertEquals(RefusalFilter.MOST_PER_SECOND, recorded);
        assertEquals(Fate.TOO_MANY, refused(4_000));
        now += Duration.ofSeconds(1).toNanos();
        assertEquals(Fate.RECORDED, refused(4_000));
    }

    @Test
    void whatWasLeftOutForTheRateIsRecordedWhenItComesAgain() {
        for (int port = 1; port <= 600; port++) {
            refused(port);
        }
        assertEquals(Fate.TOO_MANY, refused(600));
        now += Duration.ofSeconds(1).toNanos();
        assertEquals(Fate.RECORDED, refused(600));
    }
}
