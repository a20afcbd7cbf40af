package io.culvert.gateway.forward;

import io.culvert.tun.PacketDevice;

/** One worker's end of something that packets come from and go to. */
public sealed interface Port permits TunnelPort, DevicePort {
    PacketDevice device();
}
