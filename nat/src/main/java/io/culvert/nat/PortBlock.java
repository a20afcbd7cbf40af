package io.culvert.nat;

import io.culvert.wire.IpAddress;

/**
 * Ports of an outside address that only one tenant's flows appear from, of every protocol, from its
 * first mapping there until its last one has rested.
 *
 * @param tenant its id
 */
public record PortBlock(int tenant, IpAddress address, PortRange ports) {}
