package io.culvert.plugin;

import io.culvert.hook.Plugin;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;

import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** A plugin's source tree under {@code examples/plugins}, built as Maven would, but in a moment. */
public final class ExampleProject {
    private final Path source;
    private final Path target;

    /**
     * @param target a directory for what is built
     */
    public ExampleProject(Path source, Path target) {
        this.source = source;
        this.target = target;
    }

    /** Where the examples are. */
    public static Path folder() {
        return top().resolve("examples/plugins");
    }

    /** The directory that the source tree is in. */
    static Path top() {
        Path path = Path.of("").toAbsolutePath();
        while (!Files.isRegularFile(path.resolve("culvert"))) {
            path = path.getParent();
        }
        return path;
    }

    /** All that have a build of their own. */
    static List<Path> all() throws IOException {
        try (Stream<Path> folders = Files.list(folder())) {
            return folders.filter(folder -> Files.exists(folder.resolve("src"))).sorted().toList();
        }
    }

    /** Compiles what goes into the plugin, which may see the hooks and nothing else of Culvert. */
    public Path classes() throws IOException {
        Path classes = target.resolve("classes");
        compile(source.resolve("src/main/java"), classes, hooks().toString());
        copy(source.resolve("src/main/resources"), classes);
        return classes;
    }

    /** The plugin as a gateway takes it. */
    public Path jar(Path classes) throws IOException {
        Path jar = target.resolve(source.getFileName() + ".jar");
        try (OutputStream out = Files.newOutputStream(jar);
                JarOutputStream entries = new JarOutputStream(out)) {
            for (Path file : files(classes)) {
                entries.putNextEntry(new JarEntry(classes.relativize(file).toString()));
                entries.write(Files.readAllBytes(file));
            }
        }
        return jar;
    }

    /** Compiles its tests, which see the test kit. */
    Path testClasses(Path classes) throws IOException {
        Path tests = target.resolve("test-classes");
        compile(
                source.resolve("src/test/java"),
                tests,
                classes + File.pathSeparator + System.getProperty("java.class.path"));
        copy(source.resolve("src/test/resources"), tests);
        return tests;
    }

    static Path hooks() {
        try {
            return Path.of(
                    Plugin.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    static URL url(Path folder) throws IOException {
        return folder.toUri().toURL();
    }

    private static void compile(Path sources, Path into, String classPath) throws IOException {
        Files.createDirectories(into);
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
            Iterable<? extends JavaFileObject> units =
                    manager.getJavaFileObjectsFromPaths(files(sources));
            StringWriter said = new StringWriter();
            List<String> options =
                    List.of(
                            "-proc:none",
                            "-parameters",
                            "-Xlint:all,-path,-classfile",
                            "-Werror",
                            "-d",
                            into.toString(),
                            "-cp",
                            classPath);
            if (!compiler.getTask(said, manager, null, options, null, units).call()) {
                throw new AssertionError(said.toString());
            }
        }
    }

    private static void copy(Path from, Path into) throws IOException {
        for (Path file : Files.exists(from) ? files(from) : new ArrayList<Path>()) {
            Path copy = into.resolve(from.relativize(file));
            Files.createDirectories(copy.getParent());
            Files.copy(file, copy);
        }
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile).sorted().toList();
        }
    }
}
