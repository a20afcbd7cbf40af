package io.culvert.gateway.cli;

import picocli.CommandLine.Option;

import java.nio.file.Path;
import java.util.Map;

/** The option of every command that asks a running gateway: where its control socket is. */
public final class ControlSocket {
    @Option(
            names = "--control",
            paramLabel = "PATH",
            description = {
                "The control socket. Default: $RUNTIME_DIRECTORY/control.sock,",
                "else $XDG_RUNTIME_DIR/culvert/control.sock,",
                "else /run/culvert/control.sock."
            })
    private Path given;

    /** The path that was given, or the default of this environment. */
    public Path path() {
        return given != null ? given : defaultPath(System.getenv());
    }

    static Path defaultPath(Map<String, String> environment) {
        // systemd.exec(5): several runtime directories are separated by colons; ours is the first.
        String service = environment.getOrDefault("RUNTIME_DIRECTORY", "").split(":", 2)[0];
        if (!service.isEmpty()) {
            return Path.of(service, "control.sock");
        }
        String user = environment.getOrDefault("XDG_RUNTIME_DIR", "");
        return user.isEmpty()
                ? Path.of("/run/culvert/control.sock")
                : Path.of(user, "culvert", "control.sock");
    }
}
