package io.culvert.gateway;

import io.culvert.flow.Tenant;
import io.culvert.tun.PacketDevice;

/**
 * One worker's end of an on-ramp: where its packets come from and replies go.
 *
 * @param onRamp the on-ramp's name
 * @param tenant who its packets belong to
 */
record TunnelPort(String onRamp, Tenant tenant, PacketDevice device) {}
