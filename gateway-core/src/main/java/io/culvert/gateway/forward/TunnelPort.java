package io.culvert.gateway.forward;

import io.culvert.flow.Tenant;
import io.culvert.gateway.policy.AddressSet;
import io.culvert.tun.PacketDevice;

/**
 * One worker's end of an on-ramp.
 *
 * @param onRamp the on-ramp's name
 * @param tenant who its packets belong to
 * @param sources the addresses that packets may come from (RFC 2827, RFC 3704 section 2.2)
 */
public record TunnelPort(String onRamp, Tenant tenant, AddressSet sources, PacketDevice device)
        implements Port {}
