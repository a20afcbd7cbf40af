package io.culvert.gateway.plugin;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;

/**
 * Loads the classes of one plugin's jar: of the gateway it sees {@code io.culvert.hook} alone, and
 * of the JDK everything, so that the libraries of plugins never meet those of the gateway, nor each
 * other's.
 */
final class PluginLoader extends URLClassLoader {
    static {
        registerAsParallelCapable();
    }

    PluginLoader(Path jar) throws IOException {
        super("plugin", new URL[] {jar.toUri().toURL()}, new HooksAlone());
    }

    /** Knows the JDK and the hooks. */
    private static final class HooksAlone extends ClassLoader {
        private static final String HOOKS = "io.culvert.hook.";
        private static final ClassLoader OURS = HooksAlone.class.getClassLoader();

        static {
            registerAsParallelCapable();
        }

        HooksAlone() {
            super("hooks", getPlatformClassLoader());
        }

        @Override
        protected Class<?> findClass(String name) throws ClassNotFoundException {
            // Not those of packages below, which would be somebody else's.
            if (name.startsWith(HOOKS) && name.indexOf('.', HOOKS.length()) < 0) {
                return OURS.loadClass(name);
            }
            throw new ClassNotFoundException(name);
        }
    }
}
