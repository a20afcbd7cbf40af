package io.culvert.gateway.config;

import io.culvert.wire.IpAddress;

import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.Set;

/** What of the host an on-ramp or off-ramp has to itself: no two can have the same at a time. */
public final class Holdings {
    private Holdings() {}

    /** As words that are equal where they mean the same. */
    public static Set<String> of(OnRamp onRamp) {
        Set<String> held = new HashSet<>();
        switch (onRamp) {
            case OnRamp.Tun tun -> {
                String where = tun.netns().map(Object::toString).orElse("");
                if (!tun.device().isEmpty()) {
                    held.add(device(where, tun.device()));
                }
                tun.capture().forEach(one -> held.add("capture " + where + " " + one));
            }
            case OnRamp.Seqpacket seqpacket -> held.add("path " + seqpacket.path().normalize());
            case OnRamp.Gue gue -> {
                // One address may stand for all.
                for (InetSocketAddress listen : gue.listen()) {
                    held.add("udp " + listen.getPort());
                }
            }
            case OnRamp.Tcp tcp -> {
                // As above.
                for (InetSocketAddress listen : tcp.listen()) {
                    held.add("tcp " + listen.getPort());
                }
            }
            // Two would each get every packet.
            case OnRamp.Gre gre -> held.add("gre " + gre.listen());
        }
        return held;
    }

    /** The same of an off-ramp. */
    public static Set<String> of(OffRamp.Device offRamp) {
        Set<String> held = new HashSet<>();
        held.add(device("", offRamp.device()));
        for (IpAddress address : offRamp.mappings().addresses()) {
            held.add("address " + address);
        }
        return held;
    }

    private static String device(String where, String name) {
        return "device " + where + " " + name;
    }
}
