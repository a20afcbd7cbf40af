package io.culvert.e2e;

import io.culvert.flow.FlowListener;
import io.culvert.gateway.WorkerStatus;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Where a {@link Journey} takes place: a client behind one on-ramp, a target behind another or on
 * the server's side of the gateway, and beyond the target two cables, of which the first takes less
 * than anything before.
 *
 * <pre>
 *   client ==on-ramp==> gateway ==on-ramp==> target -- MTU 1300 -- middle -- MTU 1500 -- beyond
 *                             or ----------> server
 * </pre>
 */
final class Scene implements AutoCloseable {
    /** Of the link behind the target, which its other side's host cannot know. */
    static final int SMALL_MTU = 1300;

    private static final String DOWN = "down";
    private static final String UP = "up";
    private static final String END = "end";

    private final Journey journey;
    private final Topology topology;
    private final Path directory;
    private final Host middle;
    private final Host beyond;
    private final List<Closeable> joined = new ArrayList<>();
    private Host target;

    private Scene(Journey journey, Path directory) throws IOException {
        this.journey = journey;
        this.directory = directory;
        topology = Topology.withoutGateway();
        middle = Host.named("middle");
        beyond = Host.named("beyond");
    }

    static Scene open(Journey journey) throws Exception {
        return open(
                journey,
                Files.createTempDirectory("culvert"),
                journey.isUpgraded() ? Topology.UPGRADE_ALL : Topology.FORWARD_ALL);
    }

    /**
     * @param directory which goes with the scene, and all that is in it
     * @param settings the configuration but for its on-ramps
     */
    static Scene open(Journey journey, Path directory, String settings) throws Exception {
        Scene scene = new Scene(journey, directory);
        try {
            scene.start(settings);
            return scene;
        } catch (Exception | AssertionError e) {
            scene.close();
            throw e;
        }
    }

    private void start(String settings) throws Exception {
        Host gateway = topology.gatewayHost();
        Site near = new Site(Site.NEAR, topology.client(), gateway, directory);
        StringBuilder yaml = new StringBuilder("onramps:\n").append(journey.from().prepare(near));
        if (journey.isUpgraded()) {
            target = topology.server();
            topology.start(yaml + settings, FlowListener.NONE);
            joined.add(journey.from().join(near, topology.gateway()));
        } else {
            OnRampKind other = journey.to().orElseThrow();
            target = topology.addClient(Site.FAR);
            Site far = new Site(Site.FAR, target, gateway, directory);
            yaml.append(other.prepare(far));
            topology.start(yaml + settings, FlowListener.NONE);
            joined.add(journey.from().join(near, topology.gateway()));
            joined.add(other.join(far, topology.gateway()));
        }
        cableBeyond();
    }

    private void cableBeyond() throws IOException {
        Host.cable(target, DOWN, middle, UP);
        Host.cable(middle, DOWN, beyond, END);
        target.mtu(DOWN, SMALL_MTU);
        middle.mtu(UP, SMALL_MTU);
        target.forwards();
        middle.forwards();
        for (Family family : Family.values()) {
            int length = family.prefixLength();
            target.address(DOWN, inside(family, 8, 1), length);
            middle.address(UP, inside(family, 8, 2), length);
            middle.address(DOWN, inside(family, 9, 1), length);
            beyond.address(END, inside(family, 9, 2), length);
            beyond.address(END, inside(family, 9, 3), length);
            target.route(inside(family, 9, 0), length, DOWN, inside(family, 8, 2));
            middle.defaultRoute(family, UP, inside(family, 8, 1));
            beyond.defaultRoute(family, END, inside(family, 9, 1));
            if (journey.isUpgraded()) {
                topology.gatewayHost()
                        .route(inside(family, 9, 0), length, Topology.OUTSIDE, family.server());
            }
        }
    }

    /** An address beyond the target: within what leads to the far site, or outside of it all. */
    private InetAddress inside(Family family, int network, int host) {
        int first = journey.isUpgraded() ? 3 : 6;
        return Family.parse(
                family.isIpv6()
                        ? "fd00:%d:%d::%d".formatted(first, network, host)
                        : "10.%d.%d.%d".formatted(first, network, host));
    }

    Family family() {
        return journey.family();
    }

    Host client() {
        return topology.client();
    }

    Host target() {
        return target;
    }

    InetAddress targetAddress() {
        return journey.isUpgraded() ? family().server() : family().branch();
    }

    /** Reached by a link that is smaller than any that it or the client sees. */
    Host beyond() {
        return beyond;
    }

    InetAddress beyondAddress() {
        return inside(family(), 9, 2);
    }

    /** Another, to which nobody on the way has learnt what fits. */
    InetAddress secondBeyondAddress() {
        return inside(family(), 9, 3);
    }

    /** All is counted, and connections that have ended hold nothing. */
    void isSettled() throws Exception {
        Eventually.equal(
                0,
                "slots, relays, dials and fragments",
                () ->
                        topology.sum(
                                status ->
                                        status.slots()
                                                + status.relays()
                                                + status.dials()
                                                + status.fragments()));
        topology.everyPacketIsAccountedFor();
    }

    /** How many flows to a port there are now. */
    long connections(int port) {
        return topology.flows().stream()
                .filter(flow -> flow.key().destinationPort() == port)
                .count();
    }

    /** Sockets of upgraded datagrams, which live as long as their flows. */
    int sessions() throws IOException {
        return topology.sum(WorkerStatus::sessions);
    }

    /** Takes the sites off, after which nothing may be held where the on-ramps can tell. */
    void leave() throws Exception {
        for (Closeable each : joined) {
            each.close();
        }
        joined.clear();
        if (journey.endsWithItsSites()) {
            Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
        }
        topology.everyPacketIsAccountedFor();
    }

    @Override
    public void close() throws IOException {
        for (Closeable each : joined) {
            each.close();
        }
        topology.close();
        middle.close();
        beyond.close();
        try (Stream<Path> left = Files.walk(directory)) {
            for (Path each : left.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }
}
