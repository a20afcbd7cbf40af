package io.culvert.e2e;

import io.culvert.hook.Plugin;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Packs plugins of the tests into jars, with the classes inside them. */
final class PluginJars {
    private PluginJars() {}

    /**
     * Writes a jar with that plugin, named after it.
     *
     * @param plugin a class of its own, or one inside another, which comes along
     */
    static Path write(Path directory, Class<? extends Plugin<?>> plugin) throws IOException {
        Class<?> outermost = plugin;
        while (outermost.getEnclosingClass() != null) {
            outermost = outermost.getEnclosingClass();
        }
        Path jar = directory.resolve(plugin.getSimpleName() + ".jar");
        String folder = plugin.getPackageName().replace('.', '/') + "/";
        Path classes =
                Path.of(plugin.getProtectionDomain().getCodeSource().getLocation().getPath())
                        .resolve(folder);
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(jar));
                DirectoryStream<Path> own =
                        Files.newDirectoryStream(classes, outermost.getSimpleName() + "*.class")) {
            zip.putNextEntry(new ZipEntry("META-INF/services/" + Plugin.class.getName()));
            zip.write(plugin.getName().getBytes(StandardCharsets.UTF_8));
            for (Path each : own) {
                zip.putNextEntry(new ZipEntry(folder + each.getFileName()));
                zip.write(Files.readAllBytes(each));
            }
        }
        return jar;
    }
}
