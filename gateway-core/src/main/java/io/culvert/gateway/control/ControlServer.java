package io.culvert.gateway.control;

import io.culvert.gateway.Administration;
import io.culvert.gateway.Gateway;
import io.culvert.gateway.config.ConfigurationFile;
import io.culvert.gateway.plugin.LoadedPlugin;
import io.culvert.gateway.upstream.GroupStatus;

import jnr.unixsocket.Credentials;
import jnr.unixsocket.UnixServerSocketChannel;
import jnr.unixsocket.UnixSocketAddress;
import jnr.unixsocket.UnixSocketChannel;
import jnr.unixsocket.UnixSocketOptions;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.ObjectMapper;

import java.io.BufferedInputStream;
import java.io.BufferedWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;

/**
 * Serves the control socket of a running gateway. Who may connect is what the file's mode says: its
 * owner, and root.
 *
 * <p>Threading: a thread of its own takes connections, and each is answered by another; {@link
 * #close} from any.
 */
public final class ControlServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ControlServer.class);
    private static final int LONGEST_REQUEST = 16_384;

    /** unix(7): sun_path has 108 bytes, the last of which is zero. */
    private static final int LONGEST_PATH = 107;

    /** How long a client may keep the others waiting. */
    private static final int PATIENCE_MILLIS = 2_000;

    /** Clients that are answered at once; others wait in the socket's queue. */
    private static final int MOST_AT_ONCE = 16;

    private final Path path;
    private final Gateway gateway;
    private final UnixServerSocketChannel channel;
    private final int owner;
    private final ObjectMapper json = new ObjectMapper();
    private final Semaphore room = new Semaphore(MOST_AT_ONCE);

    /** Null where the configuration cannot be changed. */
    private final Administration administration;

    private volatile boolean closed;

    private ControlServer(
            Path path,
            Gateway gateway,
            Administration administration,
            UnixServerSocketChannel channel,
            int owner) {
        this.path = path;
        this.gateway = gateway;
        this.administration = administration;
        this.channel = channel;
        this.owner = owner;
    }

    /**
     * Binds the socket, with mode 0600, and begins to serve.
     *
     * @throws IOException with a sentence: another gateway answers there, or the place cannot be
     *     written
     */
    public static ControlServer open(Path path, Gateway gateway) throws IOException {
        return open(path, gateway, null);
    }

    /**
     * The same of a gateway whose configuration may be changed.
     *
     * @param administration who does it
     */
    public static ControlServer open(Path path, Gateway gateway, Administration administration)
            throws IOException {
        UnixServerSocketChannel channel = bind(path);
        int owner = (int) Files.getAttribute(path, "unix:uid");
        ControlServer server = new ControlServer(path, gateway, administration, channel, owner);
        Thread thread = new Thread(server::serve, "control");
        thread.setDaemon(true);
        thread.start();
        return server;
    }

    private static UnixServerSocketChannel bind(Path path) throws IOException {
        try {
            Path directory = path.toAbsolutePath().getParent();
            if (!Files.isDirectory(directory)) {
                Files.createDirectories(
                        directory,
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rwx------")));
            }
            if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
                if (!isSocket(path)) {
                    throw new IOException(
                            "the control socket's place "
                                    + path
                                    + " is taken by something else; give --control PATH");
                }
                if (ControlClient.answers(path)) {
                    throw new IOException(
                            "another gateway answers on the control socket "
                                    + path
                                    + "; give --control PATH");
                }
                Files.delete(path);
            }
            if (path.toString().getBytes(StandardCharsets.UTF_8).length > LONGEST_PATH) {
                throw unusable(
                        path, "a socket's path has at most " + LONGEST_PATH + " bytes", null);
            }
            UnixServerSocketChannel channel = UnixServerSocketChannel.open();
            try {
                channel.socket().bind(new UnixSocketAddress(path.toFile()));
            } catch (IOException e) {
                channel.close();
                throw unusable(path, e.getMessage(), e);
            }
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
            return channel;
        } catch (FileSystemException e) {
            // Its message begins with the path, and without a reason the kind is the reason.
            String reason =
                    switch (e) {
                        case AccessDeniedException _ -> "permission denied";
                        case NoSuchFileException _ -> "no such directory";
                        default -> String.valueOf(e.getReason());
                    };
            throw unusable(path, reason, e);
        }
    }

    private static IOException unusable(Path path, String reason, IOException cause) {
        return new IOException(
                "cannot make the control socket "
                        + path
                        + ": "
                        + reason
                        + "; give --control PATH with a place you may write to",
                cause);
    }

    /** inode(7): the type of a file is in the upper four bits of its mode. */
    private static boolean isSocket(Path path) throws IOException {
        int mode = (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        return (mode & 0xf000) == 0xc000;
    }

    /**
     * Who connected between bind(2) and the change of mode has a place in the queue, whatever the
     * mode says now.
     */
    private boolean mayAsk(UnixSocketChannel client) throws IOException {
        int user = client.getOption(UnixSocketOptions.SO_PEERCRED).getUid();
        return user == 0 || user == owner;
    }

    private void serve() {
        while (!closed) {
            try {
                room.acquireUninterruptibly();
                UnixSocketChannel client = channel.accept();
                if (client == null || closed) {
                    room.release();
                } else {
                    Thread.ofPlatform().name("control-client").daemon().start(() -> serve(client));
                }
            } catch (IOException | RuntimeException e) {
                room.release();
                if (!closed) {
                    LOG.warn("A control request failed", e);
                }
            }
        }
    }

    private void serve(UnixSocketChannel connected) {
        try (UnixSocketChannel client = connected) {
            if (mayAsk(client)) {
                answer(client);
            }
        } catch (IOException | RuntimeException e) {
            if (!closed) {
                LOG.warn("A control request failed", e);
            }
        } finally {
            room.release();
        }
    }

    private void answer(UnixSocketChannel client) throws IOException {
        client.setOption(UnixSocketOptions.SO_RCVTIMEO, PATIENCE_MILLIS);
        client.setOption(UnixSocketOptions.SO_SNDTIMEO, PATIENCE_MILLIS);
        BufferedInputStream in = new BufferedInputStream(Channels.newInputStream(client));
        Writer out =
                new BufferedWriter(
                        new OutputStreamWriter(
                                Channels.newOutputStream(client), StandardCharsets.UTF_8));
        Request request = request(in);
        switch (request.request()) {
            case String explain when ExplainRequest.is(explain) ->
                    out.write(ExplainRequest.answer(gateway, explain) + "\n");
            case "flows" -> flows(out);
            case "plugins" -> plugins(out);
            case "upstreams" -> upstreams(out);
            default ->
                    out.write(json.writeValueAsString(answer(request, in, actor(client))) + "\n");
        }
        out.flush();
    }

    private static Administration.Actor actor(UnixSocketChannel client) throws IOException {
        Credentials peer = client.getOption(UnixSocketOptions.SO_PEERCRED);
        return new Administration.Actor(peer.getUid(), peer.getPid());
    }

    private Object answer(Request request, InputStream in, Administration.Actor by)
            throws IOException {
        if (request.request().equals("status")) {
            return GatewayStatus.of(gateway, administration);
        }
        if (!ChangeRequests.takes(request) || administration == null) {
            return Map.of("error", "unknown request");
        }
        if (request.length() < 0 || request.length() > ConfigurationFile.LARGEST + 1) {
            return Map.of("error", "a configuration is no longer than 2 MiB");
        }
        byte[] text = in.readNBytes(request.length());
        if (text.length < request.length()) {
            return Map.of("error", "the configuration was cut off");
        }
        return new ChangeRequests(administration, by).answer(request, text);
    }

    /** The first line; nothing where the client sends none in time. */
    private Request request(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int next = in.read(); next >= 0 && next != '\n'; next = in.read()) {
            if (line.size() == LONGEST_REQUEST) {
                return Request.of("");
            }
            line.write(next);
        }
        String text = line.toString(StandardCharsets.UTF_8);
        try {
            return text.startsWith("{") ? json.readValue(text, Request.class) : Request.of(text);
        } catch (JacksonException wrong) {
            return Request.of("");
        }
    }

    private void plugins(Writer out) throws IOException {
        for (LoadedPlugin plugin : gateway.plugins().current().plugins()) {
            out.write(json.writeValueAsString(PluginView.of(plugin)));
            out.write('\n');
        }
    }

    private void upstreams(Writer out) throws IOException {
        for (GroupStatus group : gateway.upstreams().status()) {
            out.write(json.writeValueAsString(UpstreamView.of(group)));
            out.write('\n');
        }
    }

    private void flows(Writer out) throws IOException {
        long now = System.nanoTime();
        List<FlowView> views = new ArrayList<>();
        gateway.forEachFlow(flow -> views.add(FlowView.of(flow, now)));
        for (FlowView view : views) {
            out.write(json.writeValueAsString(view));
            out.write('\n');
        }
    }

    @Override
    public void close() {
        closed = true;
        // On Linux accept(2) goes on waiting when its descriptor is closed.
        boolean ended = ControlClient.answers(path);
        LOG.debug("The control socket's thread {}", ended ? "ends" : "has ended");
        try {
            channel.close();
            Files.deleteIfExists(path);
        } catch (IOException e) {
            LOG.warn("Could not remove the control socket {}", path, e);
        }
    }
}
