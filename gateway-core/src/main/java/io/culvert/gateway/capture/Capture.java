package io.culvert.gateway.capture;

import io.culvert.linux.Link;
import io.culvert.linux.NetworkChange;
import io.culvert.linux.NetworkMonitor;
import io.culvert.linux.Rtnetlink;
import io.culvert.linux.SyscallException;
import io.culvert.tun.NetworkNamespace;
import io.culvert.tun.TunDevice;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The interfaces of a host that an on-ramp captures, until this is closed.
 *
 * <p><b>Theory of operation.</b> Rules lead what arrives on the interfaces to a table whose one
 * route is the device, and what comes out of the device to another one with the routes back ({@link
 * CaptureRules}, {@link ReturnRoutes}):
 *
 * <pre>
 *   wg0 ──► iif wg0: table 1920000014: default dev culv0 ──► gateway
 *   wg0 ◄── iif culv0: table 1920000015: what the host routes to wg0 ◄── gateway
 * </pre>
 *
 * <p>Both ways are the same way, so reverse path filtering (rp_filter) finds each packet where it
 * expects it, in its strict form too: the kernel looks for the way back of a packet as if it
 * arrived where that one leaves. And two on-ramps never share a table, whatever addresses are
 * behind them. What is for an address of the host stays the host's, since the kernel asks the local
 * table first: the outer packets of a WireGuard or GRE interface are, and whatever serves there.
 *
 * <p>Rules name interfaces, so they wait for one that is not there yet; routes end with it. So a
 * thread hears of every change of interfaces, routes and rules, and has what is missing made again
 * ({@link Steering}).
 *
 * <p>Forwarding is switched on for the interfaces alone and not for the host, and off again at the
 * end. A gateway that is killed leaves rules which drop what arrives, rather than let the host
 * route it; the next one to start in the namespace removes them ({@link LeftBehind}).
 *
 * <p>Threading: opened and closed by one thread each; the rest is on a thread of its own, which is
 * born into the namespace.
 */
public final class Capture implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Capture.class);
    private static final Path NET = Path.of("/proc/sys/net");

    /** RFC 8200 section 5, and no IPv4 link worth capturing has less. */
    private static final int LEAST_MTU = 1280;

    /** How long a change of the interfaces may take. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final String onRamp;
    private final Rtnetlink rtnetlink;
    private final NetworkMonitor monitor;
    private final Steering steering;
    private final DeviceSettings settings;
    private final CompletableFuture<Boolean> stop = new CompletableFuture<>();
    private final CompletableFuture<Boolean> undone = new CompletableFuture<>();
    private final Thread thread;

    /** To be done by the thread. */
    private final Queue<FutureTask<Boolean>> tasks = new ConcurrentLinkedQueue<>();

    private Capture(String onRamp, TunDevice device, List<String> interfaces) throws IOException {
        this.onRamp = onRamp;
        rtnetlink = new Rtnetlink();
        try {
            Forwarding forwarding = new Forwarding(NET);
            LeftBehind.remove(rtnetlink, forwarding, device.name());
            steering = new Steering(onRamp, device, interfaces, rtnetlink, forwarding);
            settings = new DeviceSettings(NET, device.name());
            monitor = new NetworkMonitor();
        } catch (IOException | RuntimeException e) {
            rtnetlink.close();
            throw e;
        }
        thread = Thread.ofPlatform().name("capture-" + onRamp).daemon().unstarted(this::follow);
    }

    /**
     * Leads what arrives on the interfaces into a device.
     *
     * @param namespace the device's, and theirs
     * @param onRamp how errors call it
     * @param interfaces names; one that is not there is captured once it is
     * @param ipv6Wanted whether the on-ramp has addresses or routes of IPv6
     * @throws IOException with a sentence for the operator; then nothing has changed
     */
    public static Capture start(
            NetworkNamespace namespace,
            String onRamp,
            TunDevice device,
            List<String> interfaces,
            boolean ipv6Wanted)
            throws IOException {
        return namespace.call(
                () -> {
                    try {
                        Capture capture = new Capture(onRamp, device, interfaces);
                        capture.begin(ipv6Wanted);
                        return capture;
                    } catch (SyscallException e) {
                        throw explained(onRamp, e);
                    }
                });
    }

    private static IOException explained(String onRamp, SyscallException e) {
        String sentence =
                switch (e.errno()) {
                    case EPERM, EACCES ->
                            "on-ramp %s: capture changes the routing rules of the network"
                                    + " namespace, which takes CAP_NET_ADMIN there; run as root, or"
                                    + " in a network namespace of your own: %s";
                    default -> "on-ramp %s: capture: %s";
                };
        return new IOException(sentence.formatted(onRamp, e.getMessage()), e);
    }

    /**
     * Removes what gateways have left in a namespace that were killed, where this process may.
     *
     * @param device one that this process has opened there
     */
    public static void removeLeftBehind(NetworkNamespace namespace, TunDevice device) {
        try {
            TunDevice _ =
                    namespace.call(
                            () -> {
                                try (Rtnetlink rtnetlink = new Rtnetlink()) {
                                    LeftBehind.remove(
                                            rtnetlink, new Forwarding(NET), device.name());
                                }
                                return device;
                            });
        } catch (IOException e) {
            LOG.warn("Rules that a killed gateway has left cannot be removed", e);
        }
    }

    /**
     * The MTU of a device that is to capture: none of the interfaces takes longer packets, and the
     * host would tell their sender, who may be far away, and not the gateway.
     *
     * @param configured what it would be otherwise
     */
    public static int mtu(NetworkNamespace namespace, List<String> interfaces, int configured)
            throws IOException {
        return namespace.call(
                () -> {
                    int mtu = configured;
                    try (Rtnetlink rtnetlink = new Rtnetlink()) {
                        for (String one : interfaces) {
                            int taken = rtnetlink.link(one).map(Link::mtu).orElse(configured);
                            mtu = Math.min(mtu, Math.max(taken, LEAST_MTU));
                        }
                    }
                    return mtu;
                });
    }

    private void begin(boolean ipv6Wanted) throws IOException {
        try {
            steering.refuseCapturedTwice();
            steering.apply(true);
            settings.apply(onRamp, ipv6Wanted);
            thread.start();
        } catch (IOException | RuntimeException | Error e) {
            try {
                undo();
            } catch (IOException | RuntimeException notUndone) {
                e.addSuppressed(notUndone);
            }
            monitor.close();
            rtnetlink.close();
            throw e;
        }
    }

    private void follow() {
        try {
            while (!stop.isDone()) {
                List<NetworkChange> changes = monitor.await();
                for (var task = tasks.poll(); task != null; task = tasks.poll()) {
                    task.run();
                }
                if (!stop.isDone() && changes.stream().anyMatch(steering::concerns)) {
                    applyAgain();
                }
            }
        } catch (SyscallException e) {
            LOG.warn("On-ramp {}: changes of interfaces are not followed any more", onRamp, e);
            stop.join();
        } finally {
            try {
                undo();
            } catch (IOException | RuntimeException e) {
                LOG.warn("On-ramp {}: not all that capture did is undone", onRamp, e);
            }
            undone.complete(true);
            tasks.forEach(task -> task.cancel(false));
        }
    }

    /**
     * Captures other interfaces from now on; one that stays captured is so all the time.
     *
     * @throws IOException with a sentence for the operator; then those before are captured
     */
    public void interfaces(List<String> next) throws IOException {
        FutureTask<Boolean> task =
                new FutureTask<>(
                        () -> {
                            steering.capture(next);
                            return true;
                        });
        tasks.add(task);
        monitor.wake();
        try {
            boolean _ = task.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while interfaces are captured", e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof SyscallException refused
                    ? explained(onRamp, refused)
                    : new IOException(e.getCause().getMessage(), e.getCause());
        } catch (TimeoutException | CancellationException e) {
            throw new IOException(
                    "on-ramp %s: changes of interfaces are not followed any more".formatted(onRamp),
                    e);
        }
    }

    private void applyAgain() {
        try {
            steering.apply(false);
        } catch (IOException | RuntimeException e) {
            LOG.warn("On-ramp {}: an interface cannot be captured", onRamp, e);
        }
    }

    private void undo() throws IOException {
        try {
            steering.undo();
        } finally {
            settings.undo();
        }
    }

    /** Undoes everything and waits for it. */
    @Override
    public void close() {
        stop.complete(true);
        try {
            monitor.wake();
        } catch (SyscallException e) {
            LOG.warn("On-ramp {}: its interfaces stay captured", onRamp, e);
            return;
        }
        undone.join();
        monitor.close();
        rtnetlink.close();
    }
}
