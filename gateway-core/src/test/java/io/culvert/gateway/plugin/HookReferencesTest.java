package io.culvert.gateway.plugin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

class HookReferencesTest {
    private static final String USER =
            """
            package com.example;
            import io.culvert.hook.*;
            public class User {
                Hooks hooks = Hooks.none().flow(request -> FlowVerdict.refuse("" + request.hashCode()));
                Reason reason = Reason.SHUTDOWN;
                Network network = new Network(null, 8);
                String text(FlowSummary summary) {
                    return switch (summary.decision()) {
                        case FlowDecision.Refuse refuse -> refuse.decidedBy() + refuse;
                        case FlowDecision.Forward forward -> forward.via();
                        case FlowDecision.Upgrade upgrade -> upgrade.toString();
                    };
                }
            }
            """;

    @TempDir private Path directory;

    @Test
    void findsAllThatAFittingPluginUses() throws Exception {
        Path jar = new JarOfSources(directory).type("com.example.User", USER).build("user.jar");

        assertEquals(Set.of(), HookReferences.of(jar).missing());
    }

    @Test
    void namesTheClassesMethodsAndFieldsThatAreOfANewerVersion() throws Exception {
        Path jar =
                new JarOfSources(directory)
                        .seenOnly(
                                "io.culvert.hook.Network",
                                "package io.culvert.hook; public class Network { public"
                                    + " Network(String text) {} public static int SIZE = 1; public"
                                    + " boolean contains(String text) { return true; } }")
                        .seenOnly(
                                "io.culvert.hook.Tarpit",
                                "package io.culvert.hook; public class Tarpit {"
                                        + " public void slow() {} }")
                        .type(
                                "com.example.New",
                                "package com.example; import io.culvert.hook.*; class New {"
                                        + " boolean b = new Network(\"\").contains(\"\");"
                                        + " int size = Network.SIZE;"
                                        + " void slow(Tarpit tarpit) { tarpit.slow(); } }")
                        .build("new.jar");

        assertEquals(
                List.of("Network.<init>", "Network.SIZE", "Network.contains", "Tarpit"),
                List.copyOf(HookReferences.of(jar).missing()));
        assertEquals(
                jar
                        + " was built against another version of the hooks: this one has no"
                        + " Network.<init>, Network.SIZE, Network.contains, Tarpit",
                assertThrows(PluginException.class, () -> PluginJar.open(jar)).getMessage());
    }

    @Test
    void aFileThatIsNoClassIsNamed() throws Exception {
        Path jar =
                new JarOfSources(directory)
                        .file("com/example/Broken.class", "no class at all")
                        .build("b.jar");

        String message = assertThrows(IOException.class, () -> HookReferences.of(jar)).getMessage();

        assertEquals(
                "com/example/Broken.class is no class file: ",
                message.substring(0, "com/example/Broken.class is no class file: ".length()));
    }

    @Test
    void aFileThatIsNoJarIsSaidToBeNone() throws Exception {
        Path file = Files.writeString(directory.resolve("text.jar"), "text");

        assertThrows(IOException.class, () -> HookReferences.of(file));
    }
}
