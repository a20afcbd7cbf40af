package io.culvert.plugin;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;

/**
 * A Maven repository in which this build's artifacts are as if {@code mvn install} had been run,
 * and everything else is the one that this build uses.
 */
final class LocalRepository {
    private static final String VERSION = "0.1.0-SNAPSHOT";
    private static final List<String> MODULES =
            List.of(
                    "hooks",
                    "native",
                    "flow-tracker",
                    "tun-bridge",
                    "nat",
                    "l4-upgrader",
                    "gateway-core");

    private LocalRepository() {}

    /** Makes it in an empty directory. */
    static void make(Path repository) throws IOException {
        Path ours = repository.resolve("io/culvert");
        Files.createDirectories(ours);
        Path theirs = current();
        link(theirs, repository, "io");
        link(theirs.resolve("io"), repository.resolve("io"), "culvert");
        put(ours, "culvert", ExampleProject.top().resolve("pom.xml"));
        for (String module : MODULES) {
            Path source = ExampleProject.top().resolve(module);
            Path folder = put(ours, module, source.resolve("pom.xml"));
            jar(source.resolve("target/classes"), folder.resolve(name(module, "jar")));
        }
    }

    /** Takes it apart; what others have put there stays theirs. */
    static void unmake(Path repository) throws IOException {
        for (Path folder : List.of(repository, repository.resolve("io"))) {
            try (Stream<Path> all = Files.list(folder)) {
                for (Path one : (Iterable<Path>) all.filter(Files::isSymbolicLink)::iterator) {
                    Files.delete(one);
                }
            }
        }
    }

    /** The one that a library of this JVM's class path came from. */
    private static Path current() {
        try {
            Path jar =
                    Path.of(
                            org.junit.jupiter.api.Test.class
                                    .getProtectionDomain()
                                    .getCodeSource()
                                    .getLocation()
                                    .toURI());
            // GROUP (org/junit/jupiter), artifact, version, file.
            return jar.resolve("../../../../../..").normalize();
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    private static void link(Path from, Path into, String except) throws IOException {
        try (Stream<Path> all = Files.list(from)) {
            for (Path one : (Iterable<Path>) all::iterator) {
                String name = one.getFileName().toString();
                if (!name.equals(except)) {
                    Files.createSymbolicLink(into.resolve(name), one);
                }
            }
        }
    }

    private static Path put(Path group, String artifact, Path pom) throws IOException {
        Path folder = Files.createDirectories(group.resolve(artifact).resolve(VERSION));
        Files.copy(pom, folder.resolve(name(artifact, "pom")));
        return folder;
    }

    private static String name(String artifact, String type) {
        return artifact + "-" + VERSION + "." + type;
    }

    private static void jar(Path classes, Path into) throws IOException {
        try (OutputStream out = Files.newOutputStream(into);
                JarOutputStream entries = new JarOutputStream(out);
                Stream<Path> files = Files.walk(classes)) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                entries.putNextEntry(new JarEntry(classes.relativize(file).toString()));
                entries.write(Files.readAllBytes(file));
            }
        }
    }
}
