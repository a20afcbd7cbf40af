package io.culvert.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class TenantTest {
    private final Tenant tenant = new Tenant(3, "acme");

    @Test
    void hasANumberForKeysAndANameForPeople() {
        assertEquals(3, tenant.id());
        assertEquals("acme", tenant.name());
        assertEquals("acme", tenant.toString());
    }

    @Test
    void claimsFlowsUpToTheLimitAndCountsNoneBeyondIt() {
        assertTrue(tenant.claimFlow(2));
        assertTrue(tenant.claimFlow(2));
        assertFalse(tenant.claimFlow(2));
        assertEquals(2, tenant.flows());
    }

    @Test
    void claimsAgainWhatWasReleased() {
        tenant.claimFlow(1);
        tenant.releaseFlow();

        assertTrue(tenant.claimFlow(1));
        assertEquals(1, tenant.flows());
    }
}
