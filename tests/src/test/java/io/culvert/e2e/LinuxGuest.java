package io.culvert.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;

/**
 * A machine with a stock kernel of Debian's, in QEMU: what tunnels of Linux are like is for Linux
 * to say, and the kernel that the tests run on may have been built without them. {@code
 * tests/linux-guest} makes what is booted. Its network device {@value #DEVICE} is a cable to a TAP
 * device of a host, without any offload, so that all packets are as on a wire.
 *
 * <p>Its processor is emulated, for who may use the host's is another matter. Commands go by the
 * serial line, one at a time, to bash. Confined to one thread.
 */
final class LinuxGuest implements AutoCloseable {
    /** Of the guest. */
    static final String DEVICE = "eth0";

    private static final Path PLACE = CulvertProcess.top().resolve("tests/target/guest");
    private static final String READY = "guest ready";
    private static final String STATUS = "guest status ";

    /** A processor that is emulated, on a machine that does other things as well. */
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    private final CulvertProcess qemu;

    /** Lines of its output that were looked at. */
    private int seen;

    private LinuxGuest(CulvertProcess qemu) {
        this.qemu = qemu;
    }

    /**
     * Boots it, and waits until it takes commands.
     *
     * @param tap the device to be made on the host, which is up then
     */
    static LinuxGuest boot(Host host, String tap) throws Exception {
        LinuxGuest guest =
                new LinuxGuest(
                        Tool.QEMU.start(
                                host,
                                "-no-user-config",
                                "-nodefaults",
                                "-no-reboot",
                                "-display",
                                "none",
                                "-machine",
                                "pc",
                                "-accel",
                                "tcg",
                                "-cpu",
                                "max",
                                "-m",
                                "256",
                                "-kernel",
                                file("vmlinuz"),
                                "-initrd",
                                file("initramfs"),
                                "-append",
                                "console=ttyS0 quiet loglevel=4 panic=-1 net.ifnames=0",
                                "-serial",
                                "stdio",
                                "-netdev",
                                "tap,id=cable,script=no,downscript=no,vnet_hdr=off,ifname=" + tap,
                                "-device",
                                "virtio-net-pci,netdev=cable"));
        try {
            guest.await(READY);
            host.call(rtnetlink -> rtnetlink.up(rtnetlink.index(tap)));
            return guest;
        } catch (Exception | AssertionError e) {
            guest.close();
            throw e;
        }
    }

    private static String file(String name) {
        Path path = PLACE.resolve(name);
        if (!Files.isReadable(path)) {
            throw new AssertionError(
                    "there is no "
                            + path
                            + " here; tests/linux-guest makes it, of packages that it fetches from"
                            + " Debian and does not install");
        }
        return path.toString();
    }

    /** Runs a script to its end; what it says as an error is among its output. */
    Tool.Result run(String script) throws Exception {
        int first = seen;
        qemu.type(Base64.getEncoder().encodeToString(script.getBytes(UTF_8)));
        String status = await(STATUS);
        return new Tool.Result(
                Integer.parseInt(status.substring(STATUS.length()).strip()),
                qemu.output().subList(first, seen - 1),
                List.of());
    }

    /** Runs it, and fails where it does; answers what it has said. */
    List<String> succeeds(String script) throws Exception {
        Tool.Result result = run("set -e -o pipefail\n" + script);
        if (result.status() != 0) {
            throw new AssertionError("in the guest, " + script + ": " + result);
        }
        return result.output();
    }

    /** Waits for a line that begins so, and answers it. */
    private String await(String beginning) throws Exception {
        try {
            Eventually.holds(beginning, PATIENCE, () -> hasCome(beginning) || !qemu.isAlive());
        } catch (AssertionError tooLate) {
            throw new AssertionError(qemu.output() + " " + qemu.errors(), tooLate);
        }
        if (!qemu.isAlive()) {
            throw new AssertionError("it has ended: " + qemu.output() + qemu.errors());
        }
        return qemu.output().get(seen - 1);
    }

    private boolean hasCome(String beginning) {
        List<String> lines = qemu.output();
        while (seen < lines.size()) {
            if (lines.get(seen++).startsWith(beginning)) {
                return true;
            }
        }
        return false;
    }

    @Override
    public void close() throws IOException {
        qemu.close();
    }
}
