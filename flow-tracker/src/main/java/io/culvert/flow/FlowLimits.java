package io.culvert.flow;

/**
 * How many flows there may be. At a limit the new flow is refused and live ones stay.
 *
 * @param flows that live at once, in all
 * @param flowsPerTenant that live at once, of one tenant
 * @param flowsPerSecondPerTenant that one tenant opens in a second
 */
public record FlowLimits(int flows, int flowsPerTenant, int flowsPerSecondPerTenant) {
    /**
     * Sized for a few hundred bytes a flow: the default fits in 1 GiB of heap. No host that one
     * would run this on opens a million flows a second.
     */
    public static final FlowLimits DEFAULT = new FlowLimits(1_000_000, 200_000, 1_000_000);

    public FlowLimits {
        if (flows < 1 || flowsPerTenant < 1 || flowsPerSecondPerTenant < 1) {
            throw new IllegalArgumentException("a limit below one flow");
        }
    }
}
