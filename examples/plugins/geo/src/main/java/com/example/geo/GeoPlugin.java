package com.example.geo;

import io.culvert.hook.Endpoint;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.FlowRequest;
import io.culvert.hook.FlowVerdict;
import io.culvert.hook.Hooks;
import io.culvert.hook.Host;
import io.culvert.hook.Plugin;
import io.culvert.hook.Setting;
import io.culvert.hook.WatchedFile;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/** Refuses flows to, or from, addresses of certain countries. */
public final class GeoPlugin implements Plugin<GeoPlugin.Settings> {
    /** Whose address is looked at. */
    public enum Side {
        INITIATOR,
        TARGET,
        EITHER
    }

    /** The plugin's settings. */
    public record Settings(
            @Setting("CSV file of lines PREFIX,COUNTRY; the longest prefix decides") Path table,
            @Setting("Countries that are refused, as the table spells them") List<String> deny,
            @Setting(value = "Whose address is looked at", defaultValue = "target") Side side,
            @Setting(
                            value = "How often it is looked whether the table has changed",
                            defaultValue = "10s")
                    Duration check) {}

    private Side side;
    private Set<String> denied;
    private WatchedFile<GeoTable> table;

    @Override
    public String name() {
        return "geo";
    }

    @Override
    public String version() {
        return "1.0";
    }

    @Override
    public String description() {
        return "Refuses flows by the country of an address.";
    }

    @Override
    public Class<Settings> settings() {
        return Settings.class;
    }

    @Override
    public Hooks start(Settings settings, Host host) throws IOException {
        side = settings.side();
        denied = Set.copyOf(settings.deny());
        table = host.watch(settings.table(), settings.check(), GeoTable::read);
        return Hooks.none().flow(this::opened);
    }

    private FlowVerdict opened(FlowRequest request) {
        FlowInfo flow = request.flow();
        GeoTable now = table.current();
        if (side != Side.INITIATOR && isDenied(now, flow.target())) {
            return FlowVerdict.refuse("its target is in " + country(now, flow.target()));
        }
        if (side != Side.TARGET && isDenied(now, flow.initiator())) {
            return FlowVerdict.refuse("its initiator is in " + country(now, flow.initiator()));
        }
        return FlowVerdict.accept();
    }

    private boolean isDenied(GeoTable now, Endpoint end) {
        return denied.contains(country(now, end));
    }

    private static String country(GeoTable now, Endpoint end) {
        return now.countryOf(end.address());
    }
}
