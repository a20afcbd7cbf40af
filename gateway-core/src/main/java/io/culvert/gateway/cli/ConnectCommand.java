package io.culvert.gateway.cli;

import io.culvert.gateway.config.InterfaceAddress;
import io.culvert.gateway.tunnel.TextContext;
import io.culvert.gateway.tunnel.TunnelClient;
import io.culvert.linux.LinkAddress;
import io.culvert.linux.Linux;
import io.culvert.tun.NetworkNamespace;
import io.culvert.tun.OffloadSelfTest;
import io.culvert.tun.TunDevice;
import io.culvert.tun.TunSettings;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** {@code culvert connect}. */
@Command(
        name = "connect",
        description = {
            "Join a device of this host, or of a network namespace, to a gateway's on-ramp of type"
                    + " seqpacket.",
            "",
            "Makes a TUN device; what is routed into it enters the gateway. Prints one line,"
                    + " connected, when packets can flow. Comes back by itself when the gateway was"
                    + " away, and ends with SIGTERM or when the gateway refuses it."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  culvert connect --tenant acme --address 10.7.0.2/24 /run/culvert/warp.sock",
            "  culvert connect --tenant acme --id laptop-7 --route 10.7.0.0/24"
                    + " --netns /run/netns/branch /run/culvert/warp.sock"
        })
final class ConnectCommand implements Callable<Integer> {
    private static final long PAUSE_MILLIS = 500;
    private static final long LOOK_MILLIS = 100;

    @Parameters(paramLabel = "SOCKET", description = "The on-ramp's socket.")
    private Path path;

    @Option(
            names = "--tenant",
            paramLabel = "NAME",
            required = true,
            description = "Who the packets belong to.")
    private String tenant;

    @Option(
            names = "--id",
            paramLabel = "NAME",
            description = "By which the gateway knows this tunnel again; flows then go on.")
    private String id;

    @Option(
            names = "--route",
            paramLabel = "PREFIX",
            split = ",",
            description = "Reached through this tunnel; may be given again.")
    private List<String> routes = List.of();

    @Option(
            names = "--attribute",
            paramLabel = "KEY=VALUE",
            description = "Something else that the gateway's plugins may ask; may be given again.")
    private Map<String, String> attributes = new LinkedHashMap<>();

    @Option(
            names = "--device",
            paramLabel = "NAME",
            defaultValue = "culvc0",
            description = "The device to make. Default: ${DEFAULT-VALUE}.")
    private String device;

    @Option(
            names = "--address",
            paramLabel = "ADDRESS/LENGTH",
            split = ",",
            description = "The device's address; may be given again.")
    private List<String> addresses = List.of();

    @Option(
            names = "--mtu",
            paramLabel = "BYTES",
            defaultValue = "1500",
            description = "Of the longest packet. Default: ${DEFAULT-VALUE}.")
    private int mtu;

    @Option(
            names = "--netns",
            paramLabel = "PATH",
            description = "The network namespace of the device. Default: this one.")
    private Path netns;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        Linux.ensureAvailable();
        String context = context();
        TunSettings settings =
                TunSettings.named(device)
                        .withMtu(mtu)
                        .withOffloads(OffloadSelfTest.run())
                        .withAddresses(linkAddresses());
        CountDownLatch stop = new CountDownLatch(1);
        Signals.on("TERM", stop::countDown);
        Signals.on("INT", stop::countDown);
        try (NetworkNamespace namespace =
                        netns == null
                                ? NetworkNamespace.current("culvert-" + device)
                                : NetworkNamespace.named(netns);
                TunDevice tun = TunDevice.open(namespace, settings)) {
            String refusal = connect(context, tun, stop);
            if (refusal.isEmpty()) {
                return ExitStatus.DONE;
            }
            throw new IOException(refusal);
        }
    }

    private String context() {
        StringBuilder text = new StringBuilder("tenant=" + tenant + "\nmtu=" + mtu + "\n");
        if (id != null) {
            text.append("id=").append(id).append('\n');
        }
        if (!routes.isEmpty()) {
            text.append("routes=").append(String.join(",", routes)).append('\n');
        }
        attributes.forEach((key, value) -> text.append(key).append('=').append(value).append('\n'));
        try {
            TextContext.parse(ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8)));
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        return text.toString();
    }

    private LinkAddress[] linkAddresses() {
        try {
            return addresses.stream().map(ConnectCommand::linkAddress).toArray(LinkAddress[]::new);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--address: " + e.getMessage(), e);
        }
    }

    private static LinkAddress linkAddress(String text) {
        InterfaceAddress address = InterfaceAddress.parse(text);
        return new LinkAddress(address.address().toInetAddress(), address.length());
    }

    /** Until it is told to stop; then nothing, or until it was refused; then why. */
    private String connect(String context, TunDevice tun, CountDownLatch stop)
            throws IOException, InterruptedException {
        boolean before = false;
        while (stop.getCount() > 0) {
            try (TunnelClient client =
                    TunnelClient.connect(path, context, tun.queues().getFirst())) {
                say(spec.commandLine().getOut(), "connected");
                before = true;
                Optional<String> said = wait(client, stop);
                if (said.isPresent()) {
                    return said.get();
                }
            } catch (IOException e) {
                if (!before) {
                    throw e;
                }
            }
            say(spec.commandLine().getErr(), "culvert: the gateway is away; waiting for it");
            stop.await(PAUSE_MILLIS, TimeUnit.MILLISECONDS);
        }
        return "";
    }

    /** Empty where the gateway has gone without a word; else as {@link #connect}. */
    private static Optional<String> wait(TunnelClient client, CountDownLatch stop)
            throws InterruptedException {
        while (stop.getCount() > 0) {
            if (client.over().isDone()) {
                String said = client.over().join();
                return said.isEmpty() ? Optional.empty() : Optional.of(said);
            }
            stop.await(LOOK_MILLIS, TimeUnit.MILLISECONDS);
        }
        return Optional.of("");
    }

    private static void say(PrintWriter to, String line) {
        to.println(line);
        to.flush();
    }
}
