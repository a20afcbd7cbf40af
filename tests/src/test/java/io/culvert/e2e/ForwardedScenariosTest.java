package io.culvert.e2e;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** From behind every kind of on-ramp to behind every kind. */
@ParameterizedClass(name = "{0}")
@MethodSource("io.culvert.e2e.Journey#forwarded")
@Timeout(60)
class ForwardedScenariosTest extends Scenarios {
    ForwardedScenariosTest(Journey journey) {
        super(journey);
    }
}
