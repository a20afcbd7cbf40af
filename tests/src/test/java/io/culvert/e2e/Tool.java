package io.culvert.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Programs of Debian that see the network as its users do. One that is not installed is a failure
 * which names its package.
 */
enum Tool {
    PING("ping", "iputils-ping"),
    TRACEROUTE("traceroute", "traceroute"),
    TRACEPATH("tracepath", "iputils-tracepath"),
    IPERF("iperf3", "iperf3"),
    NFT("nft", "nftables"),
    ETHTOOL("ethtool", "ethtool"),
    UNSHARE("unshare", "util-linux"),
    PYTHON("python3", "python3-scapy"),
    IP("ip", "iproute2"),
    SHELL("sh", "dash"),
    CURL("curl", "curl"),
    CHROMIUM("chromium", "chromium"),
    HTTP3_CLIENT("gtlsclient", "ngtcp2-client"),
    WG("wg", "wireguard-tools"),
    WIREGUARD_GO("wireguard-go", "wireguard-go"),
    STUN_CLIENT("stun", "stun-client"),
    STUN_SERVER("stund", "stun-server"),
    NAT_DISCOVERY("turnutils_natdiscovery", "coturn"),
    TURN_SERVER("turnserver", "coturn"),
    SSH("ssh", "openssh-client"),
    SSH_KEYGEN("ssh-keygen", "openssh-client"),
    SSHD("sshd", "openssh-server"),
    NGINX("nginx", "nginx-light"),
    HAPROXY("haproxy", "haproxy"),
    OPENSSL("openssl", "openssl"),
    WRK("wrk", "wrk"),
    SLOW_HTTP("slowhttptest", "slowhttptest"),
    H2LOAD("h2load", "nghttp2-client"),
    NGHTTPD("nghttpd", "nghttp2-server"),
    CERTUTIL("certutil", "libnss3-tools"),
    DNSMASQ("dnsmasq", "dnsmasq-base"),
    QEMU("qemu-system-x86_64", "qemu-system-x86");

    /** None of them takes as long, whatever else the machine does. */
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final String program;
    private final String debianPackage;

    Tool(String program, String debianPackage) {
        this.program = program;
        this.debianPackage = debianPackage;
    }

    /** What a program said, line by line, and its exit status. */
    record Result(int status, List<String> output, List<String> errors) {
        boolean says(String words) {
            return Stream.concat(output.stream(), errors.stream())
                    .anyMatch(line -> line.contains(words));
        }
    }

    /** Where it is installed. */
    Path path() {
        for (String directory : CulvertProcess.SYSTEM_PATH.split(":", -1)) {
            Path path = Path.of(directory, program);
            if (Files.isExecutable(path)) {
                return path;
            }
        }
        throw new AssertionError(
                "there is no " + program + " here; as root: apt-get install " + debianPackage);
    }

    /** Starts it on a host, and leaves it running. */
    CulvertProcess start(Host host, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("env", "LC_ALL=C", path().toString()));
        command.addAll(List.of(arguments));
        return CulvertProcess.run(host, command);
    }

    /** Runs it on a host to its end. */
    Result run(Host host, String... arguments) throws Exception {
        try (CulvertProcess process = start(host, arguments)) {
            int status = process.exitStatus(PATIENCE);
            return new Result(status, process.output(), process.errors());
        }
    }

    /** Runs it, and fails where it does. */
    void succeeds(Host host, String... arguments) throws Exception {
        Result result = run(host, arguments);
        if (result.status() != 0) {
            throw new AssertionError(program + " " + List.of(arguments) + ": " + result);
        }
    }
}
