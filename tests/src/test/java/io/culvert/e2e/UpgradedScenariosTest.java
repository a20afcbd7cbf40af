package io.culvert.e2e;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** From behind every kind of on-ramp to a server. */
@ParameterizedClass(name = "{0}")
@MethodSource("io.culvert.e2e.Journey#upgraded")
@Timeout(60)
class UpgradedScenariosTest extends Scenarios {
    UpgradedScenariosTest(Journey journey) {
        super(journey);
    }
}
