package com.example.sshaudit;

import io.culvert.hook.Hooks;
import io.culvert.hook.Host;
import io.culvert.hook.Plugin;
import io.culvert.hook.Setting;

/** Writes a line about each SSH connection and refuses old versions of the protocol. */
public final class SshAuditPlugin implements Plugin<SshAuditPlugin.Settings> {
    /** The plugin's settings. */
    public record Settings(
            @Setting(
                            value =
                                    "Whether servers that speak version 1 as well (they say 1.99)"
                                            + " are let through",
                            defaultValue = "false")
                    boolean compatible) {}

    @Override
    public String name() {
        return "ssh-audit";
    }

    @Override
    public String version() {
        return "1.0";
    }

    @Override
    public String description() {
        return "Logs SSH connections and refuses version 1 of the protocol.";
    }

    @Override
    public Class<Settings> settings() {
        return Settings.class;
    }

    @Override
    public Hooks start(Settings settings, Host host) {
        return Hooks.none().handler("ssh-audit", new SshAudit(settings.compatible(), host));
    }
}
