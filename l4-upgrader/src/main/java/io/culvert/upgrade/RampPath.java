package io.culvert.upgrade;

import io.culvert.flow.FlowPath;
import io.culvert.tun.PacketDevice;

import java.util.Set;

/** The path of a flow that comes in by an on-ramp, or leaves by a ramp. */
public interface RampPath extends FlowPath {
    /** Whether one of those is a ramp of its; asked from any thread. */
    boolean usesAny(Set<PacketDevice> devices);
}
