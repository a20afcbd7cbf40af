package io.culvert.gateway.cli;

import io.culvert.gateway.config.InterfaceAddress;
import io.culvert.gateway.tunnel.GueClient;
import io.culvert.gateway.tunnel.TextContext;
import io.culvert.gateway.tunnel.TunnelClient;
import io.culvert.linux.LinkAddress;
import io.culvert.linux.Linux;
import io.culvert.tun.GueHeader;
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
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
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
                    + " seqpacket, or with --gue to one of type gue.",
            "",
            "Makes a TUN device; what is routed into it enters the gateway. Prints one line,"
                + " connected, when packets can flow. Comes back by itself when the gateway was"
                + " away, and ends with SIGTERM or when the gateway refuses it. A GUE tunnel has no"
                + " connection: nobody says whether the gateway is there, or has refused."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  culvert connect --tenant acme --address 10.7.0.2/24 /run/culvert/warp.sock",
            "  culvert connect --tenant acme --id laptop-7 --route 10.7.0.0/24"
                    + " --netns /run/netns/branch /run/culvert/warp.sock",
            "  culvert connect --gue gateway.example --address 10.7.0.2/24",
            "  culvert connect --gue 192.0.2.1:6080 --listen 192.0.2.7 --context --tenant acme"
                    + " --id laptop-7"
        })
final class ConnectCommand implements Callable<Integer> {
    private static final int DEFAULT_MTU = 1500;
    private static final long PAUSE_MILLIS = 500;
    private static final long LOOK_MILLIS = 100;

    @Parameters(
            paramLabel = "SOCKET",
            arity = "0..1",
            description = "The on-ramp's socket, without --gue.")
    private Path path;

    @Option(
            names = "--gue",
            paramLabel = "HOST[:PORT]",
            description = "The address of an on-ramp of type gue. Default of the port: 6080.")
    private String gue;

    @Option(
            names = "--listen",
            paramLabel = "ADDRESS[:PORT]",
            description =
                    "With --gue, where the gateway sends to. Default: port 6080 of every address.")
    private String listen;

    @Option(
            names = "--context",
            description =
                    "With --gue, say tenant, id and so on in each packet, for an on-ramp with"
                            + " context: text; others know this host by its address.")
    private boolean inPackets;

    @Option(
            names = "--tenant",
            paramLabel = "NAME",
            description = "Who the packets belong to. Required, but with --gue for --context only.")
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
            description = "Of the longest packet. Default: 1500, with --gue what the path takes.")
    private Integer mtu;

    @Option(
            names = "--netns",
            paramLabel = "PATH",
            description = "The network namespace of the device. Default: this one.")
    private Path netns;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        Linux.ensureAvailable();
        checkOptions();
        String context = gue == null || inPackets ? context() : "";
        LinkAddress[] linkAddresses = linkAddresses();
        CountDownLatch stop = new CountDownLatch(1);
        Signals.on("TERM", stop::countDown);
        Signals.on("INT", stop::countDown);
        if (gue != null) {
            connectByGue(context, linkAddresses, stop);
            return ExitStatus.DONE;
        }
        try (NetworkNamespace namespace = namespace();
                TunDevice tun =
                        TunDevice.open(
                                namespace,
                                settings(linkAddresses, mtu == null ? DEFAULT_MTU : mtu))) {
            String refusal = connect(context, tun, stop);
            if (refusal.isEmpty()) {
                return ExitStatus.DONE;
            }
            throw new IOException(refusal);
        }
    }

    private void checkOptions() {
        if ((gue == null) == (path == null)) {
            throw wrong("either SOCKET or --gue says where the gateway is");
        }
        if (gue == null && (listen != null || inPackets)) {
            throw wrong("--listen and --context are for --gue");
        }
        boolean says = id != null || !routes.isEmpty() || !attributes.isEmpty();
        if (gue != null && !inPackets && says) {
            throw wrong("--id, --route and --attribute reach the gateway with --context only");
        }
        if (tenant == null && (gue == null || inPackets)) {
            throw wrong("Missing required option: '--tenant=NAME'");
        }
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    private NetworkNamespace namespace() throws IOException {
        return netns == null
                ? NetworkNamespace.current("culvert-" + device)
                : NetworkNamespace.named(netns);
    }

    private TunSettings settings(LinkAddress[] linkAddresses, int bytes) throws IOException {
        return TunSettings.named(device)
                .withMtu(bytes)
                .withOffloads(OffloadSelfTest.run())
                .withAddresses(linkAddresses);
    }

    private void connectByGue(String context, LinkAddress[] linkAddresses, CountDownLatch stop)
            throws IOException, InterruptedException {
        InetSocketAddress gateway = endpoint("--gue", gue);
        String every = gateway.getAddress() instanceof Inet6Address ? "::" : "0.0.0.0";
        InetSocketAddress here = endpoint("--listen", listen == null ? every : listen);
        try (NetworkNamespace outside = NetworkNamespace.current("culvert-gue");
                GueClient client = GueClient.open(outside, here, gateway, context);
                NetworkNamespace inside = namespace();
                TunDevice tun =
                        TunDevice.open(
                                inside,
                                settings(linkAddresses, mtu == null ? client.mtu() : mtu))) {
            client.join(tun.queues().getFirst());
            try {
                say(spec.commandLine().getOut(), "connected");
                stop.await();
            } finally {
                client.leave();
            }
        }
    }

    /** An address, a name or either in brackets, and maybe a port. */
    private InetSocketAddress endpoint(String option, String text) {
        int colon = text.lastIndexOf(':');
        boolean brackets = text.startsWith("[");
        boolean port = brackets ? text.indexOf("]:") == colon - 1 : text.indexOf(':') == colon;
        String host = colon >= 0 && port ? text.substring(0, colon) : text;
        try {
            int number =
                    colon >= 0 && port
                            ? Integer.parseInt(text.substring(colon + 1))
                            : GueHeader.PORT;
            return new InetSocketAddress(InetAddress.getByName(host), number);
        } catch (UnknownHostException | IllegalArgumentException e) {
            throw new ParameterException(
                    spec.commandLine(), option + ": no address and port: " + text, e);
        }
    }

    private String context() {
        StringBuilder text = new StringBuilder("tenant=" + tenant + "\n");
        if (gue == null || mtu != null) {
            // A GUE path has room for what it has.
            text.append("mtu=").append(mtu == null ? DEFAULT_MTU : mtu).append('\n');
        }
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
