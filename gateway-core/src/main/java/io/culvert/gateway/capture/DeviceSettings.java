package io.culvert.gateway.capture;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * The kernel's settings of an on-ramp's device that captures: what the gateway writes into it is
 * forwarded, wherever it is from. They end with the device, and those of a persistent one are put
 * back.
 *
 * <p>Called in the namespace's thread.
 */
final class DeviceSettings {
    private static final Logger LOG = LoggerFactory.getLogger(DeviceSettings.class);

    private final Path net;
    private final String device;
    private final Forwarding forwarding;

    /** What was different before. */
    private final Map<Path, String> before = new HashMap<>();

    /**
     * @param net {@code /proc/sys/net}
     */
    DeviceSettings(Path net, String device) {
        this.net = net;
        this.device = device;
        forwarding = new Forwarding(net);
    }

    /**
     * @param ipv6Wanted whether it is a failure where IPv6 cannot be forwarded
     * @throws IOException with a sentence for the operator
     */
    void apply(String onRamp, boolean ipv6Wanted) throws IOException {
        relaxFilter();
        for (boolean ipv6 : HostFamilies.present()) {
            switch (forwarding.state(device, ipv6)) {
                case OFF -> {
                    before.put(forwarding.file(device, ipv6), "0");
                    forwarding.set(device, ipv6, true);
                }
                case FOR_THE_OPERATOR -> {
                    String sentence =
                            ("on-ramp %s: this host forwards no IPv6; to have it do so: sysctl -w"
                                            + " net.ipv6.conf.all.forwarding=1 (and, for each"
                                            + " interface that takes router advertisements,"
                                            + " net.ipv6.conf.NAME.accept_ra=2)")
                                    .formatted(onRamp);
                    if (ipv6Wanted) {
                        throw new IOException(sentence);
                    }
                    LOG.warn("Nothing of IPv6 is captured. {}", sentence);
                }
                case ON, NONE -> {}
            }
        }
    }

    /**
     * Of the settings for all and for one interface the larger counts: 0 lets everything in, 1 what
     * would be answered the same way, 2 what would be answered at all. What is forwarded both ways
     * passes each; what the host itself says, from an address of another interface, not the second.
     */
    private void relaxFilter() {
        try {
            boolean filters =
                    !Files.readString(net.resolve("ipv4/conf/all/rp_filter")).trim().equals("0");
            Path setting = net.resolve("ipv4/conf").resolve(device).resolve("rp_filter");
            String wanted = filters ? "2" : "0";
            String was = Files.readString(setting).trim();
            if (!was.equals(wanted)) {
                Files.writeString(setting, wanted);
                before.put(setting, was);
                LOG.info("{} is {} now, and was {}", setting, wanted, was);
            }
        } catch (IOException e) {
            LOG.debug("Answers of this host itself may not reach {}", device, e);
        }
    }

    /** Puts back what was there before, where the device still is. */
    void undo() throws IOException {
        for (var setting : before.entrySet()) {
            if (Files.exists(setting.getKey())) {
                Files.writeString(setting.getKey(), setting.getValue());
            }
        }
        before.clear();
    }
}
