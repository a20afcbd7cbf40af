package io.culvert.hook;

import java.util.Map;
import java.util.Objects;

/**
 * The tunnel that a flow came in by.
 *
 * @param onRamp the on-ramp's name
 * @param id the tunnel's name among those of its tenant; empty where it has none
 * @param attributes what the tunnel said of itself, by key
 */
public record TunnelInfo(String onRamp, String id, Map<String, String> attributes) {
    /**
     * Made by the gateway, and by tests of plugins; the attributes are copied.
     *
     * @throws NullPointerException if any part is {@code null}
     */
    public TunnelInfo {
        Objects.requireNonNull(onRamp);
        Objects.requireNonNull(id);
        attributes = Map.copyOf(attributes);
    }
}
