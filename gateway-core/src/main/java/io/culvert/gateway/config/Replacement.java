package io.culvert.gateway.config;

/**
 * Which changes of an on-ramp or off-ramp cannot be made while it stays: then it is removed, flows
 * and all, and another one is added.
 */
public final class Replacement {
    private static final int ROOM_FOR_PEERS = 2_048;

    private Replacement() {}

    /** Whether it takes one to make of the first the second, which has the same name. */
    public static boolean isNeeded(OnRamp before, OnRamp after) {
        return switch (before) {
            case OnRamp.Tun one ->
                    !(after instanceof OnRamp.Tun two
                            && one.device().equals(two.device())
                            && one.netns().equals(two.netns()));
            case OnRamp.Seqpacket one ->
                    !(after instanceof OnRamp.Seqpacket two && one.path().equals(two.path()));
            case OnRamp.Gue one -> !(after instanceof OnRamp.Gue two && isSameSockets(one, two));
            case OnRamp.Gre one ->
                    !(after instanceof OnRamp.Gre two && one.listen().equals(two.listen()));
            case OnRamp.Tcp one ->
                    !(after instanceof OnRamp.Tcp two && one.tenant().equals(two.tenant()));
        };
    }

    private static boolean isSameSockets(OnRamp.Gue one, OnRamp.Gue two) {
        return one.listen().equals(two.listen())
                && one.context() == two.context()
                && one.sourcePorts() == two.sourcePorts()
                && one.zeroChecksums() == two.zeroChecksums()
                // What a tunnel has named for itself is not looked at again.
                && (one.context() == OnRamp.Gue.Context.PEER
                        || one.strictSource() == two.strictSource())
                // Each worker has room for so many whatever there is at the start.
                && two.peers().size() <= Math.max(one.peers().size(), ROOM_FOR_PEERS);
    }

    /** The same of off-ramps. Where in the file one stands changes nothing. */
    public static boolean isNeeded(OffRamp before, OffRamp after) {
        return switch (before) {
            case OffRamp.Socket _ -> !(after instanceof OffRamp.Socket);
            case OffRamp.Tunnels _ -> !(after instanceof OffRamp.Tunnels);
            case OffRamp.Device one ->
                    !(after instanceof OffRamp.Device two && isSame(one, two, two.mtu()));
        };
    }

    /** Whether two off-ramps are the same, wherever in the file they stand. */
    public static boolean isSame(OffRamp one, OffRamp other) {
        if (one instanceof OffRamp.Device first && other instanceof OffRamp.Device second) {
            return isSame(first, second, first.mtu());
        }
        return one.equals(other);
    }

    private static boolean isSame(OffRamp.Device one, OffRamp.Device other, int mtu) {
        return new OffRamp.Device(
                        one.name(),
                        one.device(),
                        mtu,
                        one.mappings(),
                        one.portsGiven(),
                        other.line())
                .equals(other);
    }
}
