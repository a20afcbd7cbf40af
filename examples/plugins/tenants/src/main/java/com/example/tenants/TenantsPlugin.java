package com.example.tenants;

import io.culvert.hook.Hooks;
import io.culvert.hook.Host;
import io.culvert.hook.Plugin;
import io.culvert.hook.Setting;
import io.culvert.hook.TunnelRequest;
import io.culvert.hook.TunnelVerdict;
import io.culvert.hook.WatchedFile;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;

/** Admits tunnels that show a token of a file, which says whose they are. */
public final class TenantsPlugin implements Plugin<TenantsPlugin.Settings> {
    /** The plugin's settings. */
    public record Settings(
            @Setting("File of lines SHA256 TENANT [KEY=VALUE]...") Path tokens,
            @Setting(
                            value = "How often it is looked whether the file has changed",
                            defaultValue = "5s")
                    Duration check) {}

    private WatchedFile<TokenTable> tokens;
    private Host host;

    @Override
    public String name() {
        return "tenants";
    }

    @Override
    public String version() {
        return "1.0";
    }

    @Override
    public String description() {
        return "Admits tunnels by a token.";
    }

    @Override
    public Class<Settings> settings() {
        return Settings.class;
    }

    @Override
    public Hooks start(Settings settings, Host its) throws IOException {
        host = its;
        tokens = host.watch(settings.tokens(), settings.check(), TokenTable::read);
        return Hooks.none().tunnel(this::admit);
    }

    private TunnelVerdict admit(TunnelRequest request) {
        byte[] token = new byte[request.context().remaining()];
        request.context().get(token);
        // The gateway tells the reason to the other end, so it says no more than it has to.
        TunnelVerdict verdict =
                tokens.current()
                        .find(token)
                        .<TunnelVerdict>map(TokenTable.Row::admission)
                        .orElseGet(() -> TunnelVerdict.refuse("unknown token"));
        if (verdict instanceof TunnelVerdict.Refuse) {
            host.log().log(
                    Level.WARNING,
                    "on-ramp={0} peer={1} credentials={2}: unknown token",
                    request.onRamp(),
                    request.peer(),
                    request.credentials());
        }
        return verdict;
    }
}
