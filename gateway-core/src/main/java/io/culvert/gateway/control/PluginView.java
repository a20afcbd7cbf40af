package io.culvert.gateway.control;

import io.culvert.gateway.plugin.HookTimes;
import io.culvert.gateway.plugin.LoadedPlugin;
import io.culvert.hook.Hooks;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A plugin in force.
 *
 * @param generation its number among those of its name that the gateway has begun; the first is 1
 * @param hooks those that it has
 */
public record PluginView(
        String name, String version, String description, long generation, List<Asked> hooks) {
    /**
     * How it went with one hook.
     *
     * @param hook such as {@code flow}
     * @param calls that came back, in time or not
     * @param failures that threw, or answered what cannot be
     * @param seconds of all calls together
     */
    public record Asked(String hook, long calls, long failures, long timeouts, double seconds) {
        private static Asked of(HookTimes times, HookTimes.Hook hook) {
            HookTimes.Figures figures = times.of(hook);
            return new Asked(
                    hook.name().toLowerCase(Locale.ROOT),
                    Arrays.stream(figures.counts()).sum(),
                    figures.failures(),
                    figures.timeouts(),
                    figures.seconds());
        }
    }

    public static PluginView of(LoadedPlugin plugin) {
        Hooks hooks = plugin.hooks();
        List<HookTimes.Hook> has = new ArrayList<>();
        hooks.tunnel().ifPresent(hook -> has.add(HookTimes.Hook.TUNNEL));
        hooks.flow()
                .ifPresent(hook -> has.addAll(List.of(HookTimes.Hook.FLOW, HookTimes.Hook.CLOSED)));
        hooks.connection().ifPresent(hook -> has.add(HookTimes.Hook.CONNECTION));
        hooks.egress().ifPresent(hook -> has.add(HookTimes.Hook.EGRESS));
        if (!hooks.handlers().isEmpty()) {
            has.add(HookTimes.Hook.HANDLER);
        }
        return new PluginView(
                plugin.name(),
                plugin.version(),
                plugin.description(),
                plugin.generation(),
                has.stream().map(hook -> Asked.of(plugin.times(), hook)).toList());
    }
}
