package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.net.InetAddress;
import java.time.Duration;

/**
 * Row 16, its part about routes: a host behind a tunnel sends back into it what the gateway sends
 * there. Each packet passes no more often than its time to live allows, and then there is rest.
 * Tunnels in tunnels are not here, as there is no GUE yet.
 */
@Tag("abuse")
@Timeout(120)
class RouteLoopTest {
    private static final int PACKETS = 2_000;
    private static final int TIME_TO_LIVE = 64;
    private static final Duration REST = Duration.ofMillis(200);

    @ParameterizedTest
    @EnumSource
    void endsAPacketThatGoesRoundAndRests(Family family) throws Exception {
        try (GatewayLog log = GatewayLog.open();
                Branches branches = Branches.open()) {
            Topology topology = branches.topology();
            branches.near().forwards();
            InetAddress nobody = Family.parse(family.isIpv6() ? "fd00:6::77" : "10.6.0.77");
            RawPacket packet = new RawPacket(family.client(), nobody, TIME_TO_LIVE);
            long before = Eventually.atRest(REST, () -> PacketFlood.received(topology.gateway()));
            try (PacketSocket ramp = PacketSocket.on(branches.client(), Topology.DEVICE)) {
                for (int i = 0; i < PACKETS; i++) {
                    ramp.send(packet.udp(1_000 + i, 6_000, new byte[8]));
                }
            }
            long injected = System.nanoTime();
            long received =
                    Eventually.atRest(REST, () -> PacketFlood.received(topology.gateway()))
                            - before;
            double settled = (System.nanoTime() - injected) / 1e9 - REST.toMillis() / 1e3;
            double busy = workersBusy(Duration.ofSeconds(1));

            double passes = (double) received / PACKETS;
            Figures.print(
                    16,
                    "%s: %.1f passes of each packet (<= %d), at rest %.2f s after the last (1),"
                            + " workers' CPU then %.1f %%",
                    family,
                    passes,
                    TIME_TO_LIVE,
                    settled,
                    100 * busy);
            assertTrue(passes > 2, "no loop: " + passes);
            assertTrue(passes <= TIME_TO_LIVE, passes + " passes");
            assertTrue(busy < 0.05, "still busy: " + busy);
            topology.everyPacketIsAccountedFor();
            log.showsNoFailure();
        }
    }

    /** CPU time of all workers' threads in that time, as a part of it. */
    private static double workersBusy(Duration during) throws InterruptedException {
        long start = System.nanoTime();
        long before = Cpu.ofWorkers();
        Thread.sleep(during);
        return (double) (Cpu.ofWorkers() - before) / (System.nanoTime() - start);
    }

    /** CPU time of threads. */
    static final class Cpu {
        private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

        private Cpu() {}

        /** Nanoseconds of all workers of gateways in this process that live. */
        static long ofWorkers() {
            long nanos = 0;
            for (ThreadInfo thread : THREADS.getThreadInfo(THREADS.getAllThreadIds())) {
                if (thread != null && thread.getThreadName().startsWith("worker-")) {
                    nanos += Math.max(0, THREADS.getThreadCpuTime(thread.getThreadId()));
                }
            }
            return nanos;
        }
    }
}
