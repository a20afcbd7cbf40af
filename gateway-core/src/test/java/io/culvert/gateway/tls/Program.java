package io.culvert.gateway.tls;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A program that ran to its end.
 *
 * @param output of both of its streams
 */
record Program(int status, String output) {
    static Program run(String input, String... command) throws IOException, InterruptedException {
        return run(input, List.of(command));
    }

    static Program run(String input, List<String> command)
            throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        Thread writer =
                Thread.ofVirtual()
                        .start(
                                () -> {
                                    try (var in = process.getOutputStream()) {
                                        in.write(input.getBytes(StandardCharsets.UTF_8));
                                    } catch (IOException ended) {
                                        // It needs no more.
                                    }
                                });
        try {
            String output =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                throw new IOException("it does not end: " + command);
            }
            writer.join();
            return new Program(process.exitValue(), output);
        } finally {
            process.destroyForcibly();
        }
    }

    /** What {@code openssl s_client} shows, sends and reads; it waits for one answer. */
    static Program sClient(int port, String input, String... options)
            throws IOException, InterruptedException {
        List<String> command =
                new java.util.ArrayList<>(
                        List.of(
                                "openssl",
                                "s_client",
                                "-connect",
                                "127.0.0.1:" + port,
                                "-ign_eof",
                                "-showcerts"));
        command.addAll(List.of(options));
        return run(input, command);
    }
}
