package io.culvert.e2e;

import io.culvert.hook.FlowRequest;
import io.culvert.hook.FlowVerdict;
import io.culvert.hook.Hooks;
import io.culvert.hook.Host;
import io.culvert.hook.Network;
import io.culvert.hook.NoSettings;
import io.culvert.hook.Plugin;
import io.culvert.hook.TunnelInfo;
import io.culvert.hook.TunnelRequest;
import io.culvert.hook.TunnelVerdict;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;

/**
 * A plugin that says whose tunnels are, which tests pack into a jar. Of the first word that a
 * tunnel says the plugin knows what to do:
 *
 * <pre>
 *   admit USER [ROUTE]   tenant acme, id USER, attributes user and by, and a value for its flow hook
 *   other USER           the same as tenant other
 *   nobody               tenant "", which cannot be
 *   refuse, null, throw, hang
 *   wait                 as refuse, once the test says so
 *   anything else        passes
 * </pre>
 *
 * As its classes are others than the test's, it tells what it has seen by the system properties.
 */
public class TunnelsPlugin implements Plugin<NoSettings> {
    private static final String KEY = "culvert.test.tunnels.";

    /** What the tunnel hook knows of a tunnel, for the flow hook. */
    private record Session(String user) {}

    /**
     * Asked after {@link TunnelsPlugin}: what that one passes on, it admits by {@code pass USER}.
     */
    public static final class Second extends TunnelsPlugin {
        @Override
        public String name() {
            return "second";
        }

        @Override
        TunnelVerdict verdict(String said, String by) {
            return said.startsWith("pass ")
                    ? super.verdict("admit " + said.substring(5), by)
                    : TunnelVerdict.pass();
        }
    }

    /**
     * What plugins have seen, for all class loaders: {@code asked}, {@code flows}, {@code ended}.
     */
    @SuppressWarnings("unchecked") // Nobody else uses these keys.
    static ConcurrentLinkedQueue<String> seen(String what) {
        return (ConcurrentLinkedQueue<String>)
                System.getProperties()
                        .computeIfAbsent(KEY + what, _ -> new ConcurrentLinkedQueue<String>());
    }

    /** What {@code wait} waits for. */
    static CountDownLatch latch() {
        return (CountDownLatch)
                System.getProperties().computeIfAbsent(KEY + "latch", _ -> new CountDownLatch(1));
    }

    /** Forgets all that was seen. */
    static void forget() {
        System.getProperties().keySet().removeIf(key -> key.toString().startsWith(KEY));
    }

    /**
     * Makes the jars of both.
     *
     * @return the configuration's section of plugins
     */
    static String configured(Path directory, String deadline) throws IOException {
        return "plugins: [ { jar: %s, deadline: %s }, { jar: %s, deadline: %s } ]\n"
                .formatted(
                        PluginJars.write(directory, TunnelsPlugin.class),
                        deadline,
                        PluginJars.write(directory, Second.class),
                        deadline);
    }

    @Override
    public String name() {
        return "first";
    }

    @Override
    public String version() {
        return "1";
    }

    @Override
    public Class<NoSettings> settings() {
        return NoSettings.class;
    }

    @Override
    public Hooks start(NoSettings settings, Host host) {
        return Hooks.none().tunnel(this::admit).flow(this::opened);
    }

    @Override
    public void stop() {
        seen("ended").add(name());
    }

    private TunnelVerdict admit(TunnelRequest request) throws Exception {
        String said = StandardCharsets.UTF_8.decode(request.context()).toString();
        seen("asked").add(name() + ": " + said);
        String by =
                request.credentials()
                        .map(peer -> "uid " + peer.uid())
                        .or(() -> request.peer().map(Object::toString))
                        .orElseThrow();
        return switch (said.split(" ", -1)[0]) {
            case "wait" -> {
                latch().await();
                yield TunnelVerdict.refuse("after a while");
            }
            case "hang" -> {
                new CountDownLatch(1).await();
                yield null;
            }
            case "throw" -> throw new IOException("the database is away");
            default -> verdict(said, by);
        };
    }

    TunnelVerdict verdict(String said, String by) {
        String[] words = said.split(" ", -1);
        return switch (words[0]) {
            case "admit", "other" ->
                    TunnelVerdict.admit(words[0].equals("admit") ? "acme" : "other")
                            .as(words[1])
                            .reaching(Stream.of(words).skip(2).map(Network::parse).toList())
                            .attributes(Map.of("user", words[1], "by", by))
                            .with(new Session(words[1]));
            case "nobody" -> TunnelVerdict.admit("");
            case "refuse" -> TunnelVerdict.refuse("not\nyou");
            case "null" -> null;
            default -> TunnelVerdict.pass();
        };
    }

    private FlowVerdict opened(FlowRequest request) {
        Optional<Session> session = request.flow().context().get(Session.class);
        TunnelInfo tunnel = request.flow().tunnel();
        session.ifPresent(
                one ->
                        seen("flows")
                                .add(
                                        String.join(
                                                " ",
                                                List.of(
                                                        name(),
                                                        request.flow().tenant(),
                                                        tunnel.onRamp(),
                                                        tunnel.id(),
                                                        tunnel.attributes().get("user"),
                                                        tunnel.attributes().get("by"),
                                                        one.user()))));
        return FlowVerdict.accept();
    }
}
