package io.culvert.gateway.plugin.kit;

import io.culvert.gateway.plugin.LoadedPlugin;
import io.culvert.hook.Endpoint;
import io.culvert.hook.TunnelHook;
import io.culvert.hook.TunnelRequest;
import io.culvert.hook.TunnelRequest.Credentials;
import io.culvert.hook.TunnelVerdict;

import java.nio.ByteBuffer;
import java.util.Optional;

/** A tunnel that wants to come in. */
public final class TunnelQuestion {
    private final LoadedPlugin plugin;
    private final byte[] context;
    private String onRamp = "kit";
    private Optional<Credentials> credentials = Optional.empty();
    private Optional<Endpoint> peer = Optional.empty();

    TunnelQuestion(LoadedPlugin plugin, byte[] context) {
        this.plugin = plugin;
        this.context = context.clone();
    }

    /** The on-ramp that it comes in by; {@code kit} unless said. */
    public TunnelQuestion onRamp(String name) {
        onRamp = name;
        return this;
    }

    /** Who is at the other end of the Unix socket. */
    public TunnelQuestion credentials(int pid, int uid, int gid) {
        credentials = Optional.of(new Credentials(pid, uid, gid));
        return this;
    }

    /** Where its packets come from, such as {@code 192.0.2.1:6080}. */
    public TunnelQuestion peer(String endpoint) {
        peer = Optional.of(Endpoint.parse(endpoint));
        return this;
    }

    /** Asks the plugin; what it throws refuses the tunnel. */
    public TunnelOutcome ask() {
        TunnelHook hook =
                plugin.hooks()
                        .tunnel()
                        .orElseThrow(() -> new AssertionError("the plugin has no tunnel hook"));
        try {
            TunnelVerdict verdict =
                    hook.admit(
                            new TunnelRequest(onRamp, ByteBuffer.wrap(context), credentials, peer));
            return new TunnelOutcome(Optional.ofNullable(verdict), Optional.empty());
        } catch (Exception | LinkageError | StackOverflowError | AssertionError e) {
            return new TunnelOutcome(Optional.empty(), Optional.of(e));
        }
    }
}
