package io.culvert.gateway.plugin;

import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;

import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** A plugin's jar, compiled from sources in a test. */
public final class JarOfSources {
    private final Path directory;
    private final Map<String, String> sources = new LinkedHashMap<>();
    private final Map<String, String> files = new LinkedHashMap<>();
    private final List<String> leftOut = new ArrayList<>();

    /**
     * @param directory empty, and the test's own
     */
    public JarOfSources(Path directory) {
        this.directory = directory;
    }

    /** With a class of that full name. */
    public JarOfSources type(String name, String source) {
        sources.put(name.replace('.', '/') + ".java", source);
        return this;
    }

    /** Compiled against, but not in the jar. */
    JarOfSources seenOnly(String name, String source) {
        leftOut.add(name.replace('.', '/'));
        return type(name, source);
    }

    JarOfSources file(String path, String text) {
        files.put(path, text);
        return this;
    }

    /** Named as the plugin's implementation. */
    public JarOfSources service(String type) {
        return file("META-INF/services/io.culvert.hook.Plugin", type + "\n");
    }

    public Path build(String jar) throws IOException {
        Path source = Files.createDirectories(directory.resolve("source"));
        Path classes = Files.createDirectories(directory.resolve("classes"));
        List<Path> all = new ArrayList<>();
        for (Map.Entry<String, String> one : sources.entrySet()) {
            Path file = source.resolve(one.getKey());
            Files.createDirectories(file.getParent());
            all.add(Files.writeString(file, one.getValue()));
        }
        compile(all, classes);
        Path result = directory.resolve(jar);
        try (OutputStream out = Files.newOutputStream(result);
                JarOutputStream entries = new JarOutputStream(out);
                Stream<Path> compiled = Files.walk(classes)) {
            for (Path file : (Iterable<Path>) compiled.filter(Files::isRegularFile)::iterator) {
                String name = classes.relativize(file).toString();
                if (leftOut.stream().noneMatch(name::startsWith)) {
                    entries.putNextEntry(new JarEntry(name));
                    entries.write(Files.readAllBytes(file));
                }
            }
            for (Map.Entry<String, String> one : files.entrySet()) {
                entries.putNextEntry(new JarEntry(one.getKey()));
                entries.write(one.getValue().getBytes(StandardCharsets.UTF_8));
            }
        }
        return result;
    }

    private static void compile(List<Path> sources, Path classes) throws IOException {
        if (sources.isEmpty()) {
            return;
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
            Iterable<? extends JavaFileObject> units = manager.getJavaFileObjectsFromPaths(sources);
            StringWriter said = new StringWriter();
            List<String> options =
                    List.of(
                            "-proc:none",
                            "-parameters",
                            "-d",
                            classes.toString(),
                            "-cp",
                            System.getProperty("java.class.path"));
            if (!compiler.getTask(said, manager, null, options, null, units).call()) {
                throw new AssertionError(said.toString());
            }
        }
    }
}
