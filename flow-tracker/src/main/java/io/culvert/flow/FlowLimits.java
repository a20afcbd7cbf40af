package io.culvert.flow;

/**
 * How many flows may live at once. At a limit the new flow is refused and live ones stay.
 *
 * @param flows in all
 * @param flowsPerTenant of one tenant
 */
public record FlowLimits(int flows, int flowsPerTenant) {
    /** Sized for a few hundred bytes a flow: the default fits in 1 GiB of heap. */
    public static final FlowLimits DEFAULT = new FlowLimits(1_000_000, 200_000);

    public FlowLimits {
        if (flows < 1 || flowsPerTenant < 1) {
            throw new IllegalArgumentException("a limit below one flow");
        }
    }
}
