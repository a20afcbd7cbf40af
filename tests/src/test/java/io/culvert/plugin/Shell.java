package io.culvert.plugin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs commands as a person would, with Maven offline and a repository of the test's own. */
final class Shell implements AutoCloseable {
    private final Path home;
    private final Path repository;

    /** How a script ended, and what it said. */
    record Ended(int status, String said) {}

    /**
     * @param home a directory of the test's own, in which everything is
     */
    Shell(Path home) throws IOException {
        this.home = home;
        repository = Files.createDirectories(home.resolve("repository"));
        LocalRepository.make(repository);
        // Found by Maven in any project below.
        Path options = Files.createDirectories(home.resolve(".mvn")).resolve("maven.config");
        Files.write(options, List.of("-o", "-B", "-ntp", "-Dmaven.repo.local=" + repository, ""));
    }

    Ended run(Path directory, String script) throws IOException, InterruptedException {
        Path said = Files.createTempFile(home, "said", ".txt");
        ProcessBuilder builder = new ProcessBuilder("bash", "-e", "-c", script);
        builder.directory(directory.toFile());
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().remove("NOTIFY_SOCKET");
        builder.redirectErrorStream(true).redirectOutput(said.toFile());
        Process process = builder.start();
        try {
            if (!process.waitFor(5, TimeUnit.MINUTES)) {
                throw new AssertionError("goes on for ever: " + Files.readString(said));
            }
            return new Ended(process.exitValue(), Files.readString(said));
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    @Override
    public void close() throws IOException {
        LocalRepository.unmake(repository);
    }
}
