package io.culvert.gateway.plugin;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What a plugin has of a running gateway.
 *
 * <p>Threading: any.
 */
final class GatewayHost implements PluginHost {
    private static final Logger LOG = LoggerFactory.getLogger(GatewayHost.class);
    private static final Duration SHORTEST = Duration.ofMillis(100);

    private final String plugin;
    private final Path directory;
    private final System.Logger log;
    private final Set<Thread> tasks = ConcurrentHashMap.newKeySet();
    private volatile boolean stopped;

    GatewayHost(String plugin, Path directory) {
        this.plugin = plugin;
        this.directory = directory;
        log = System.getLogger("plugin." + plugin);
    }

    @Override
    public InstantSource clock() {
        return InstantSource.system();
    }

    @Override
    public System.Logger log() {
        return log;
    }

    @Override
    public Path resolve(Path path) {
        return directory.resolve(path).toAbsolutePath();
    }

    @Override
    public void every(Duration period, Task task) {
        if (period.compareTo(SHORTEST) < 0) {
            throw new IllegalArgumentException("the period is shorter than 100 ms: " + period);
        }
        Thread thread =
                Thread.ofVirtual().name("task of " + plugin).unstarted(() -> repeat(period, task));
        thread.setContextClassLoader(task.getClass().getClassLoader());
        tasks.add(thread);
        thread.start();
    }

    private void repeat(Duration period, Task task) {
        try {
            while (!stopped) {
                Thread.sleep(period);
                attempt(task);
            }
        } catch (InterruptedException e) {
            // It ends.
        } finally {
            tasks.remove(Thread.currentThread());
        }
    }

    @SuppressWarnings("CatchAndPrintStackTrace") // A plugin may throw whatever it likes.
    private void attempt(Task task) throws InterruptedException {
        try {
            task.run();
        } catch (InterruptedException e) {
            throw e;
        } catch (Exception | LinkageError | StackOverflowError | AssertionError e) {
            LOG.warn("A task of the plugin {} failed", plugin, e);
        }
    }

    @Override
    public void stop() {
        stopped = true;
        tasks.forEach(Thread::interrupt);
    }
}
