package io.culvert.gateway.plugin;

import io.culvert.gateway.http.Destinations;
import io.culvert.gateway.http.ExchangeHooks;
import io.culvert.gateway.http.RequestHead;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.HttpRequest;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Asks plugins about the requests of one connection: each request those that are in force when it
 * comes, and want such ones.
 *
 * @param chains the chain in force
 * @param flow whose connection it is
 * @param groups upstreams by name; empty where there is none of it
 */
public record HttpQuestions(
        Supplier<HookChain> chains,
        FlowInfo flow,
        Function<String, Optional<Destinations.Destination>> groups)
        implements ExchangeHooks {
    @Override
    public Asking begin(RequestHead request) {
        HookChain chain = chains.get();
        if (chain.askedAboutHttp().isEmpty()) {
            return null;
        }
        List<LoadedPlugin> wanting =
                wanting(chain, request.method(), request.authority(), request.target());
        return wanting.isEmpty() || !chain.retain()
                ? null
                : new HttpAsking(chain, wanting, request.asked(flow), groups);
    }

    /** Asks about a request that nobody sent, as a test of a plugin does; null as of the other. */
    public Asking begin(HttpRequest request) {
        HookChain chain = chains.get();
        List<LoadedPlugin> wanting =
                wanting(chain, request.method(), request.authority(), request.target());
        return wanting.isEmpty() || !chain.retain()
                ? null
                : new HttpAsking(chain, wanting, request, groups);
    }

    private static List<LoadedPlugin> wanting(
            HookChain chain, String method, String authority, String target) {
        List<LoadedPlugin> wanting = new ArrayList<>();
        for (LoadedPlugin plugin : chain.askedAboutHttp()) {
            if (plugin.hooks().http().orElseThrow().filter().matches(method, authority, target)) {
                wanting.add(plugin);
            }
        }
        return wanting;
    }
}
