package com.example.sinkhole;

import io.culvert.hook.Egress;
import io.culvert.hook.EgressRequest;
import io.culvert.hook.Endpoint;
import io.culvert.hook.Hooks;
import io.culvert.hook.Host;
import io.culvert.hook.Network;
import io.culvert.hook.Plugin;
import io.culvert.hook.Setting;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/** Sends upgraded flows to certain targets to a host of one's own. */
public final class SinkholePlugin implements Plugin<SinkholePlugin.Settings> {
    /** The plugin's settings. */
    public record Settings(
            @Setting("Prefixes of the targets") List<Network> targets,
            @Setting("Who is dialed in place of IPv4 targets") Optional<InetAddress> ipv4,
            @Setting("Who is dialed in place of IPv6 targets") Optional<InetAddress> ipv6,
            @Setting("Port that is dialed; the target's where there is none")
                    Optional<Integer> port,
            @Setting(
                            value = "Off-ramp of type socket that these flows leave by",
                            defaultValue = "socket")
                    String via) {}

    private Settings settings;
    private Host host;

    @Override
    public String name() {
        return "sinkhole";
    }

    @Override
    public String version() {
        return "1.0";
    }

    @Override
    public String description() {
        return "Redirects flows to certain targets.";
    }

    @Override
    public Class<Settings> settings() {
        return Settings.class;
    }

    @Override
    public Hooks start(Settings given, Host its) {
        settings = given;
        host = its;
        for (Network target : settings.targets()) {
            boolean ipv4 = target.address().getAddress().length == 4;
            if ((ipv4 ? settings.ipv4() : settings.ipv6()).isEmpty()) {
                throw new IllegalArgumentException(
                        (ipv4 ? "ipv4" : "ipv6") + " is missing, and " + target + " is a target");
            }
        }
        return Hooks.none().egress(this::choose);
    }

    private Egress choose(EgressRequest request) {
        Endpoint target = request.flow().target();
        if (settings.targets().stream().noneMatch(one -> one.contains(target.address()))) {
            return request.proposed();
        }
        InetAddress sinkhole = (target.isIpv6() ? settings.ipv6() : settings.ipv4()).orElseThrow();
        if (!request.explained()) {
            host.log().log(
                    System.Logger.Level.INFO,
                    "tenant=%s initiator=%s target=%s"
                            .formatted(
                                    request.flow().tenant(), request.flow().initiator(), target));
        }
        return request.proposed()
                .via(settings.via())
                .to(new Endpoint(sinkhole, settings.port().orElse(target.port())));
    }
}
