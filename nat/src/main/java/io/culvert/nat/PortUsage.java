package io.culvert.nat;

import io.culvert.wire.IpAddress;

/**
 * How far the ports of an outside address are used by a protocol.
 *
 * @param protocol TCP, UDP, or the ICMP of the address's family, whose identifiers count as ports
 * @param used ports of live mappings
 * @param resting ports that are held down
 * @param capacity all ports
 */
public record PortUsage(IpAddress address, int protocol, int used, int resting, int capacity) {}
