package io.culvert.gateway.control;

import jnr.unixsocket.UnixSocketAddress;
import jnr.unixsocket.UnixSocketChannel;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** Asks a running gateway by its control socket. */
public final class ControlClient {
    private ControlClient() {}

    /**
     * The lines that answer a request.
     *
     * @throws IOException with a sentence where no gateway answers
     */
    public static List<String> ask(Path path, String request) throws IOException {
        return ask(path, (request + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /**
     * The line that answers a request with more to it.
     *
     * @param text that goes along
     * @throws IOException with a sentence where no gateway answers, or it refuses to
     */
    public static JsonNode ask(Path path, Request request, byte[] text) throws IOException {
        ObjectMapper json = new ObjectMapper();
        byte[] line = (json.writeValueAsString(request) + "\n").getBytes(StandardCharsets.UTF_8);
        byte[] all = Arrays.copyOf(line, line.length + text.length);
        System.arraycopy(text, 0, all, line.length, text.length);
        List<String> lines = ask(path, all);
        if (lines.isEmpty()) {
            throw new IOException("the gateway on the control socket " + path + " gave no answer");
        }
        JsonNode answer = json.readTree(lines.getFirst());
        if (answer.has("error")) {
            throw new IOException("the gateway refuses: " + answer.path("error").asString());
        }
        return answer;
    }

    private static List<String> ask(Path path, byte[] request) throws IOException {
        if (!Files.exists(path)) {
            throw new IOException(
                    "no gateway: there is no control socket "
                            + path
                            + " (--control names another)");
        }
        if (!Files.isReadable(path) || !Files.isWritable(path)) {
            throw new IOException(
                    "you may not use the control socket "
                            + path
                            + "; it is its owner's and root's");
        }
        try (UnixSocketChannel channel =
                UnixSocketChannel.open(new UnixSocketAddress(path.toFile()))) {
            ByteBuffer line = ByteBuffer.wrap(request);
            while (line.hasRemaining()) {
                channel.write(line);
            }
            BufferedReader in =
                    new BufferedReader(
                            new InputStreamReader(
                                    Channels.newInputStream(channel), StandardCharsets.UTF_8));
            return in.lines().toList();
        } catch (IOException e) {
            throw new IOException("no gateway answers on the control socket " + path, e);
        }
    }

    /** Whether a gateway answers there. */
    static boolean answers(Path path) {
        try (UnixSocketChannel channel =
                UnixSocketChannel.open(new UnixSocketAddress(path.toFile()))) {
            return channel.isConnected();
        } catch (IOException e) {
            return false;
        }
    }
}
