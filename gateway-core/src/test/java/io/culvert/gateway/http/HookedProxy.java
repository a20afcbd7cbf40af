package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.plugin.HookChain;
import io.culvert.gateway.plugin.HttpQuestions;
import io.culvert.gateway.plugin.LoadedPlugin;
import io.culvert.gateway.plugin.LonePlugin;
import io.culvert.gateway.upstream.Protocol;
import io.culvert.hook.Context;
import io.culvert.hook.Endpoint;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.Hooks;
import io.culvert.hook.HttpFilter;
import io.culvert.hook.HttpHook;
import io.culvert.hook.TunnelInfo;

import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;

/** A proxy whose requests plugins are asked about, and the server behind it. */
final class HookedProxy implements AutoCloseable {
    private final ScriptedProxy behind;

    private HookChain chain = HookChain.none();

    HookedProxy(Protocol protocol) {
        behind = ScriptedProxy.speaking(protocol);
    }

    HookedProxy() {
        this(Protocol.HTTP1);
    }

    /** What a flow's hook knows. */
    record User(String name) {}

    static LoadedPlugin plugin(String name, HttpFilter filter, HttpHook hook, boolean failsOpen)
            throws Exception {
        return plugin(name, filter, hook, failsOpen, Duration.ofSeconds(20));
    }

    private static LoadedPlugin plugin(
            String name, HttpFilter filter, HttpHook hook, boolean failsOpen, Duration deadline)
            throws Exception {
        return LonePlugin.start(name, Hooks.none().http(filter, hook), deadline, failsOpen);
    }

    /** Of everything, with patience. */
    static LoadedPlugin plugin(HttpHook hook) throws Exception {
        return plugin("one", HttpFilter.ALL, hook, false);
    }

    void use(LoadedPlugin... plugins) throws Exception {
        chain = HookChain.of(List.of(plugins), Set.of(), Set.of());
        Endpoint end = new Endpoint(InetAddress.getLoopbackAddress(), 1);
        FlowInfo flow =
                new FlowInfo(
                        "acme",
                        new TunnelInfo("lan", "", Map.of()),
                        FlowInfo.TCP,
                        end,
                        end,
                        Context.EMPTY.with(new User("alice")));
        proxy().hooks = Optional.of(new HttpQuestions(() -> chain, flow, _ -> Optional.empty()));
    }

    void use(HttpHook hook) throws Exception {
        use(plugin(hook));
    }

    /** It has no time to speak of. */
    void useHastily(HttpHook hook) throws Exception {
        use(plugin("one", HttpFilter.ALL, hook, false, Duration.ofMillis(50)));
    }

    ProxyUnderTest proxy() {
        return behind.proxy();
    }

    Script connect() throws IOException {
        return behind.connect();
    }

    /** The server's end of the next connection. */
    Script accept() throws IOException {
        return behind.accept();
    }

    /** From now on connections are refused. */
    void refuse() throws IOException {
        behind.server().close();
    }

    @Override
    public void close() throws IOException {
        behind.close();
        chain.release();
        // A call that was given up goes on for a while.
        long patience = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (chain.retain()) {
            chain.release();
            assertTrue(System.nanoTime() < patience, "nobody else has the chain");
            LockSupport.parkNanos(1_000_000);
        }
    }
}
