package io.culvert.gateway.forward;

import io.culvert.tun.PacketDevice;

/** One worker's end of a device off-ramp, where packets are everybody's. */
public record DevicePort(DeviceOffRamp offRamp, PacketDevice device) implements Port {}
