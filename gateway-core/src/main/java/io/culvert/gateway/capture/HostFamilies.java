package io.culvert.gateway.capture;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The families of IP that this kernel has; each as whether it is IPv6. */
final class HostFamilies {
    private static final Path IPV6 = Path.of("/proc/sys/net/ipv6/conf");

    private HostFamilies() {}

    static List<Boolean> present() {
        return Files.isDirectory(IPV6) ? List.of(false, true) : List.of(false);
    }
}
