package io.culvert.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.RateLimits.Admission;
import io.culvert.flow.RateLimits.Per;
import io.culvert.hook.Reason;
import io.culvert.wire.IpAddress;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

class RateLimitsTest {
    private static final long SECOND = 1_000_000_000L;

    private final SourceLimiters sources = new SourceLimiters();
    private final Tenant acme = new Tenant(1, "acme");
    private final Tenant emca = new Tenant(2, "emca");

    private long now = 5 * SECOND;

    private RateLimits limits(Per per, int flowsPerSecond, int flows) {
        return new RateLimits(per, new Allowance(flowsPerSecond, flows, 0, 0), sources);
    }

    private Admission open(RateLimits limits, Tenant tenant, String source) {
        IpAddress address = IpAddress.parse(source);
        return limits.open(tenant, address.high(), address.low(), now);
    }

    private void isOpened(RateLimits limits, Tenant tenant, String source) {
        assertTrue(open(limits, tenant, source) instanceof Admission.Admitted, source);
    }

    private void isRefused(RateLimits limits, Tenant tenant, String source) {
        assertEquals(
                new Admission.Refused(Reason.RATE_FLOWS), open(limits, tenant, source), source);
    }

    @Test
    void countsPerRuleWhoeverOpens() {
        RateLimits limits = limits(Per.RULE, 0, 2);
        isOpened(limits, acme, "10.0.0.1");
        isOpened(limits, emca, "2001:db8::1");
        isRefused(limits, acme, "10.0.0.3");
    }

    @Test
    void countsPerTenant() {
        RateLimits limits = limits(Per.TENANT, 0, 1);
        isOpened(limits, acme, "10.0.0.1");
        isRefused(limits, acme, "10.0.0.2");
        isOpened(limits, emca, "10.0.0.1");
        isRefused(limits, emca, "::1");
    }

    @Test
    void countsPerAddressOfIpv4AndPerSlash64OfIpv6() {
        RateLimits limits = limits(Per.SOURCE, 0, 1);
        isOpened(limits, acme, "10.0.0.1");
        isOpened(limits, acme, "10.0.0.2");
        isRefused(limits, acme, "10.0.0.1");
        isOpened(limits, emca, "10.0.0.1");
        isOpened(limits, acme, "2001:db8:0:1::1");
        isRefused(limits, acme, "2001:db8:0:1:ffff::2");
        isOpened(limits, acme, "2001:db8:0:2::1");
    }

    @Test
    void keepsTheSourcesOfTwoRulesApart() {
        RateLimits other = limits(Per.SOURCE, 0, 1);
        isOpened(limits(Per.SOURCE, 0, 1), acme, "10.0.0.1");
        isOpened(other, acme, "10.0.0.1");
        isRefused(other, acme, "10.0.0.1");
    }

    @Test
    void forgetsASourceOnlyOnceItHasItsWholeShareAgain() {
        RateLimits limits = limits(Per.SOURCE, 10, 0);
        int opened = 0;
        for (int round = 0; round < 20; round++) {
            // Forged sources between: in a second a flow each from fifty thousand.
            for (int i = 0; i < 50_000; i++) {
                if (limits.open(acme, 0, 0xffff_0b00_0000L + 50_000L * round + i, now)
                        instanceof Admission.Admitted admitted) {
                    admitted.limiter().closed();
                }
            }
            for (int i = 0; i < 100; i++) {
                if (open(limits, acme, "10.0.0.1") instanceof Admission.Admitted admitted) {
                    admitted.limiter().closed();
                    opened++;
                }
            }
            now += SECOND / 2;
        }
        // Ten seconds' worth and a burst.
        assertTrue(opened <= 10 * 10 + 10, opened + " flows");
    }

    @Test
    void holdsNoMoreForAMillionForgedSourcesThanThereArePlaces() {
        RateLimits limits = limits(Per.SOURCE, 1, 1);
        isOpened(limits, acme, "10.0.0.1");
        List<Limiter> live = new ArrayList<>();
        for (int i = 0; i < 1_000_000; i++) {
            if (limits.open(acme, 0x2001_0db8_0000_0000L + i, 0, now)
                    instanceof Admission.Admitted admitted) {
                live.add(admitted.limiter());
            }
        }
        assertTrue(sources.taken() <= SourceLimiters.PLACES);
        // Who found no place had one share together.
        assertTrue(live.size() <= SourceLimiters.PLACES + 1, live.size() + " flows");
        isRefused(limits, acme, "10.0.0.1");

        live.forEach(Limiter::closed);
        now += 2 * SECOND;
        for (int i = 0; i < 1000; i++) {
            isOpened(limits, emca, "10.1.%d.%d".formatted(i / 250, i % 250));
        }
    }

    @Test
    void letsNoMoreLiveWhicheverThreadsOpenAndClose() throws InterruptedException {
        RateLimits limits = limits(Per.SOURCE, 0, 2);
        AtomicInteger live = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        CountDownLatch done = new CountDownLatch(4);
        for (int i = 0; i < 4; i++) {
            Thread.ofPlatform()
                    .start(
                            () -> {
                                for (int j = 0; j < 200_000; j++) {
                                    if (open(limits, acme, "10.0.0.1")
                                            instanceof Admission.Admitted admitted) {
                                        most.accumulateAndGet(live.incrementAndGet(), Math::max);
                                        live.decrementAndGet();
                                        admitted.limiter().closed();
                                    }
                                }
                                done.countDown();
                            });
        }
        done.await();
        assertTrue(most.get() >= 1 && most.get() <= 2, most + " lived at once");
        isOpened(limits, acme, "10.0.0.1");
        isOpened(limits, acme, "10.0.0.1");
        isRefused(limits, acme, "10.0.0.1");
    }
}
