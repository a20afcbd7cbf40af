package io.culvert.abuse;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.culvert.hook.Reason;
import io.culvert.nat.Filtering;
import io.culvert.nat.Mapping;
import io.culvert.nat.MappingSettings;
import io.culvert.nat.MappingTable;
import io.culvert.nat.PortBlockListener;
import io.culvert.nat.PortRange;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Row 4, its part about recovery: a tenant that had all its ports and lost them has all of them
 * again as soon as they have rested, every time, and other tenants never notice.
 */
@Tag("abuse")
class PortQuotaRecoveryTest {
    private static final int QUOTA = 256;
    private static final int ROUNDS = 100;
    private static final long REST = Duration.ofMinutes(2).toNanos();

    private long now;

    @ParameterizedTest
    @ValueSource(strings = {"198.51.100.1", "2001:db8:5::1"})
    void hasAllItsPortsAgainAsSoonAsTheyHaveRested(String address) {
        MappingTable table =
                new MappingTable(
                        new MappingSettings(
                                List.of(IpAddress.parse(address)),
                                new PortRange(20_000, 29_999),
                                QUOTA,
                                Filtering.ADDRESS_AND_PORT_DEPENDENT,
                                Duration.ofMinutes(2)),
                        PortBlockListener.NONE,
                        new SecureRandom());
        boolean ipv6 = address.contains(":");
        int failedOfOthers = 0;
        for (int round = 0; round < ROUNDS; round++) {
            List<Mapping> mapped = new ArrayList<>();
            for (int i = 0; i < 2 * QUOTA; i++) {
                // Others than in the round before, so that none gets its own back.
                Object claim = claim(table, 1, ipv6, 10_000 + round % 2 * 10_000 + i);
                if (i < QUOTA) {
                    mapped.add((Mapping) claim);
                } else {
                    assertEquals(Reason.TENANT_PORTS, claim);
                }
            }
            for (int tenant = 2; tenant <= 26; tenant++) {
                failedOfOthers +=
                        claim(table, tenant, ipv6, 10_000 + round % 64) instanceof Mapping ? 0 : 1;
            }
            for (Mapping each : mapped) {
                table.release(each, server(ipv6).high(), server(ipv6).low(), now);
            }
            now += REST - 1;
            assertEquals(
                    Reason.TENANT_PORTS, claim(table, 1, ipv6, 40_000), "before they have rested");
            now += 1;
        }
        System.out.printf(
                "row  4: %s: %d times all %d ports taken, given back and had again at the end of"
                        + " their rest; of others' claims %d failed (0)%n",
                address, ROUNDS, QUOTA, failedOfOthers);
        assertEquals(0, failedOfOthers);
    }

    private static IpAddress server(boolean ipv6) {
        return IpAddress.parse(ipv6 ? "2001:db8:7::1" : "11.0.0.1");
    }

    private Object claim(MappingTable table, int tenant, boolean ipv6, int port) {
        IpAddress client = IpAddress.parse(ipv6 ? "fd00:1::2" : "10.1.0.2");
        MappingTable.Claim claim =
                table.claim(
                        tenant,
                        IpProtocol.UDP,
                        client.high(),
                        client.low(),
                        port,
                        server(ipv6).high(),
                        server(ipv6).low(),
                        now);
        return switch (claim) {
            case MappingTable.Claim.Mapped mapped -> mapped.mapping();
            case MappingTable.Claim.Refused refused -> refused.reason();
        };
    }
}
