package io.culvert.gateway;

import io.culvert.flow.NanoClock;
import io.culvert.gateway.config.Configuration;
import io.culvert.gateway.config.OffRamp;
import io.culvert.gateway.config.OnRamp;
import io.culvert.gateway.plugin.Plugins;
import io.culvert.tun.TunDevice;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.Stream;

/**
 * The on-ramps of a running gateway, and those off-ramps that have a device.
 *
 * <p>Threading: {@link #tunnels} and {@link #device} from any, the rest from one that is no
 * worker's and in the gateway's network namespace.
 */
final class Ramps {
    private static final Logger LOG = LoggerFactory.getLogger(Ramps.class);

    private final Workers workers;
    private final Routing routing;
    private final DeviceOpener opener;
    private final NanoClock clock;
    private final Plugins plugins;

    /** By name. */
    private final Map<String, LiveOnRamp> onRamps = new ConcurrentSkipListMap<>();

    private final Map<String, LiveOffRamp> offRamps = new ConcurrentHashMap<>();
    private int places;

    Ramps(Workers workers, Routing routing, DeviceOpener opener, NanoClock clock, Plugins plugins) {
        this.workers = workers;
        this.routing = routing;
        this.opener = opener;
        this.clock = clock;
        this.plugins = plugins;
    }

    /** Opens everything of a gateway that starts. */
    void open(Configuration configuration) throws IOException {
        for (OnRamp onRamp : configuration.onramps()) {
            put(open(onRamp));
        }
        for (OffRamp.Device offRamp : devices(configuration)) {
            put(open(offRamp, List.of()));
        }
    }

    /** Begins to carry packets. */
    void start() throws IOException {
        onRamps.values().forEach(LiveOnRamp::lead);
        for (LiveOffRamp offRamp : offRamps.values()) {
            offRamp.start();
        }
        for (LiveOnRamp onRamp : onRamps.values()) {
            onRamp.start();
        }
    }

    /** Opens an on-ramp, which nothing comes in by yet. */
    LiveOnRamp open(OnRamp onRamp) throws IOException {
        places++;
        return switch (onRamp) {
            case OnRamp.Tun tun -> opener.open(tun);
            case OnRamp.Seqpacket seqpacket ->
                    new SeqpacketOnRamp(seqpacket, routing, workers, clock, plugins);
            case OnRamp.Gue gue -> new GueOnRamp(gue, routing, workers, clock, plugins);
            case OnRamp.Tcp tcp -> TcpOnRamp.open(tcp, routing, workers);
            case OnRamp.Gre gre -> GreOnRamp.open(gre, routing, workers, places - 1, clock);
        };
    }

    /**
     * Opens an off-ramp, which nothing leaves by yet.
     *
     * @param others that are to be the gateway's, too
     */
    LiveOffRamp open(OffRamp.Device offRamp, List<LiveOffRamp> others) throws IOException {
        List<LiveOffRamp> all = new ArrayList<>(offRamps.values());
        all.addAll(others);
        return opener.open(offRamp, all);
    }

    /** It is one of the gateway's now. */
    void put(LiveOnRamp onRamp) {
        onRamps.put(onRamp.settings().name(), onRamp);
    }

    void put(LiveOffRamp offRamp) {
        offRamps.put(offRamp.settings().name(), offRamp);
    }

    /** It is none any more, unless another has its name. */
    void forget(LiveOnRamp onRamp) {
        onRamps.remove(onRamp.settings().name(), onRamp);
    }

    void forget(LiveOffRamp offRamp) {
        offRamps.remove(offRamp.settings().name(), offRamp);
    }

    List<LiveOnRamp> onRamps() {
        return List.copyOf(onRamps.values());
    }

    List<LiveOffRamp> offRamps() {
        return List.copyOf(offRamps.values());
    }

    static List<OffRamp.Device> devices(Configuration configuration) {
        return configuration.offramps().stream()
                .filter(OffRamp.Device.class::isInstance)
                .map(OffRamp.Device.class::cast)
                .toList();
    }

    /** Tunnels that came by themselves and whose peer is there. */
    int tunnels() {
        return onRamps.values().stream().mapToInt(LiveOnRamp::tunnels).sum();
    }

    /** The device of an on-ramp that has one. */
    Optional<TunDevice> device(String onRamp) {
        return onRamps.get(onRamp) instanceof TunOnRamp tun
                ? Optional.of(tun.device())
                : Optional.empty();
    }

    /** Nobody comes or goes any more: the workers are about to end. */
    void stop() {
        for (LiveOnRamp onRamp : onRamps.values()) {
            workers.all().getFirst().poller().execute(onRamp::stop);
        }
    }

    /** Closes all, once no worker runs any more. */
    void close() {
        List<AutoCloseable> all = new ArrayList<>();
        Stream.concat(offRamps.values().stream(), onRamps.values().stream()).forEach(all::add);
        for (AutoCloseable each : all) {
            try {
                each.close();
            } catch (Exception e) {
                LOG.warn("Could not close {}", each, e);
            }
        }
    }
}
