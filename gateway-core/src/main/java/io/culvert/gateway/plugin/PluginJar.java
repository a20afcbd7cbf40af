package io.culvert.gateway.plugin;

import io.culvert.hook.Plugin;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.SortedSet;

/**
 * A jar with a plugin, opened: its classes, and the plugin, not started.
 *
 * <p>It is read from a copy, so that the file may be replaced by the next version meanwhile.
 */
public final class PluginJar implements PluginCode {
    private static final int LONGEST_NAME = 64;

    private final Path jar;
    private final String digest;
    private final PluginLoader loader;
    private final Plugin<?> plugin;

    private PluginJar(Path jar, String digest, PluginLoader loader, Plugin<?> plugin) {
        this.jar = jar;
        this.digest = digest;
        this.loader = loader;
        this.plugin = plugin;
    }

    /**
     * Reads a jar, and makes its plugin.
     *
     * @throws PluginException with what is wrong with it
     */
    public static PluginJar open(Path jar) throws PluginException {
        Path copy = null;
        try {
            copy = Files.createTempFile("culvert-plugin-", ".jar");
            String digest = copy(jar, copy);
            PluginLoader loader = new PluginLoader(copy);
            try {
                fits(jar, copy);
                return new PluginJar(jar, digest, loader, make(jar, loader));
            } catch (PluginException | RuntimeException | Error e) {
                loader.close();
                throw e;
            }
        } catch (NoSuchFileException e) {
            throw new PluginException("there is no file " + jar, e);
        } catch (IOException e) {
            throw new PluginException("cannot read " + jar + ": " + e.getMessage(), e);
        } finally {
            delete(copy);
        }
    }

    /** The loader has it open, which is enough. */
    private static void delete(Path copy) {
        if (copy != null) {
            try {
                Files.deleteIfExists(copy);
            } catch (IOException e) {
                copy.toFile().deleteOnExit();
            }
        }
    }

    private static String copy(Path jar, Path copy) throws IOException {
        try (DigestInputStream in =
                new DigestInputStream(
                        Files.newInputStream(jar), MessageDigest.getInstance("SHA-256"))) {
            Files.write(copy, in.readAllBytes());
            return HexFormat.of().formatHex(in.getMessageDigest().digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void fits(Path jar, Path copy) throws IOException, PluginException {
        SortedSet<String> missing = HookReferences.of(copy).missing();
        if (!missing.isEmpty()) {
            throw new PluginException(
                    "%s was built against another version of the hooks: this one has no %s"
                            .formatted(jar, String.join(", ", missing)));
        }
    }

    private static Plugin<?> make(Path jar, PluginLoader loader) throws PluginException {
        try {
            Iterator<Plugin<?>> found = plugins(loader);
            if (!found.hasNext()) {
                throw new PluginException(
                        jar + " names no plugin in META-INF/services/" + Plugin.class.getName());
            }
            Plugin<?> plugin = found.next();
            if (found.hasNext()) {
                throw new PluginException(
                        jar + " names more than one plugin; a jar has one of them");
            }
            check(jar, plugin);
            return plugin;
        } catch (ServiceConfigurationError | LinkageError e) {
            throw new PluginException(
                    "the plugin of " + jar + " cannot be made: " + innermost(e), e);
        }
    }

    @SuppressWarnings({"unchecked", "rawtypes"}) // A service's type has no parameters.
    private static Iterator<Plugin<?>> plugins(PluginLoader loader) {
        return (Iterator) ServiceLoader.load(Plugin.class, loader).iterator();
    }

    private static void check(Path jar, Plugin<?> plugin) throws PluginException {
        if (plugin.getClass().getClassLoader() == PluginJar.class.getClassLoader()) {
            throw new PluginException(jar + " names a class that it does not contain");
        }
        String name = plugin.name();
        if (name == null || name.length() > LONGEST_NAME || !name.matches("[a-z0-9][a-z0-9-]*")) {
            throw new PluginException(
                    "%s: the plugin's name must be of lower-case letters, digits and hyphens, not %s"
                            .formatted(jar, name));
        }
        if (plugin.version() == null || plugin.settings() == null) {
            throw new PluginException(
                    jar + ": the plugin " + name + " has no version, or no type of settings");
        }
    }

    /** What a person can do something about is at the end of a chain of causes. */
    static String innermost(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null && cause.getCause() != cause) {
            cause = cause.getCause();
        }
        String message = cause.getMessage();
        String kind = cause.getClass().getSimpleName();
        return message == null || message.isBlank() ? kind : kind + ": " + message.strip();
    }

    /** The file that it was read from. */
    public Path path() {
        return jar;
    }

    /** SHA-256 of the file, in hexadecimal. */
    public String digest() {
        return digest;
    }

    @Override
    public Plugin<?> plugin() {
        return plugin;
    }

    @Override
    public ClassLoader loader() {
        return loader;
    }

    @Override
    public void close() {
        try {
            loader.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
