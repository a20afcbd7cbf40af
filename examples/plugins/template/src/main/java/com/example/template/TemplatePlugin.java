package com.example.template;

import io.culvert.hook.FlowRequest;
import io.culvert.hook.FlowVerdict;
import io.culvert.hook.Hooks;
import io.culvert.hook.Host;
import io.culvert.hook.HttpFilter;
import io.culvert.hook.HttpRequest;
import io.culvert.hook.Plugin;
import io.culvert.hook.RequestVerdict;
import io.culvert.hook.Setting;

import java.util.List;

/**
 * Refuses flows to some ports, and requests of HTTP for some paths. Put what your plugin does here.
 */
public final class TemplatePlugin implements Plugin<TemplatePlugin.Settings> {
    /** The plugin's settings: each component is a key of {@code settings:}. */
    public record Settings(
            @Setting("Target ports that are refused") List<Integer> ports,
            @Setting("Beginnings of paths that no request may have") List<String> paths) {}

    private Settings settings;

    @Override
    public String name() {
        return "template";
    }

    @Override
    public String version() {
        return "1.0";
    }

    @Override
    public String description() {
        return "Refuses flows to some ports, and requests for some paths.";
    }

    @Override
    public Class<Settings> settings() {
        return Settings.class;
    }

    @Override
    public Hooks start(Settings configured, Host host) {
        settings = configured;
        return Hooks.none().flow(this::opened).http(HttpFilter.ALL, this::requested);
    }

    private FlowVerdict opened(FlowRequest request) {
        int port = request.flow().target().port();
        return settings.ports().contains(port)
                ? FlowVerdict.refuse("port " + port)
                : FlowVerdict.accept();
    }

    /** Of connections that a rule gives to {@code handler: http} or {@code auto}. */
    private RequestVerdict requested(HttpRequest request) {
        return settings.paths().stream().anyMatch(request.path()::startsWith)
                ? RequestVerdict.refuse("path " + request.path())
                : RequestVerdict.pass();
    }
}
