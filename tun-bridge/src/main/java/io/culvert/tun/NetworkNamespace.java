package io.culvert.tun;

import io.culvert.linux.Errno;
import io.culvert.linux.Fd;
import io.culvert.linux.Namespaces;
import io.culvert.linux.Rtnetlink;
import io.culvert.linux.SyscallException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;

/**
 * A network namespace and the thread that lives in it and does there what it is asked to: make
 * devices, routes, sockets. What it made is used by every thread and stays when this is closed; the
 * namespace itself stays as long as anything refers to it (network_namespaces(7)).
 *
 * <p>A platform thread, since a namespace belongs to a kernel thread. It is a daemon. Thread-safe.
 */
public final class NetworkNamespace implements AutoCloseable {
    private static final String LOOPBACK = "lo";
    private static final Path SYSCTL = Path.of("/proc/sys");

    private final ExecutorService executor;
    private final Fd handle;
    private volatile Thread thread;

    /** Something to be done in the namespace. */
    @FunctionalInterface
    public interface Task<T> {
        T run() throws IOException;
    }

    /** How a new thread comes to where it is to live. */
    @FunctionalInterface
    private interface Entry {
        void enter() throws IOException;
    }

    private NetworkNamespace(String threadName, Entry entry) throws IOException {
        executor =
                Executors.newSingleThreadExecutor(
                        Thread.ofPlatform().name(threadName).daemon().factory());
        try {
            handle =
                    call(
                            () -> {
                                thread = Thread.currentThread();
                                entry.enter();
                                return Namespaces.current();
                            });
        } catch (IOException | RuntimeException | Error e) {
            executor.shutdown();
            throw e;
        }
    }

    /** A new namespace without a name, in which {@code lo} is up and nothing else is. */
    public static NetworkNamespace anonymous(String threadName) throws IOException {
        return new NetworkNamespace(threadName, NetworkNamespace::enterNew);
    }

    /**
     * The same with a mount namespace of its own, so that child processes which are started there
     * see other files ({@link Namespaces#bindMount}).
     */
    public static NetworkNamespace anonymousWithMounts(String threadName) throws IOException {
        return new NetworkNamespace(
                threadName,
                () -> {
                    enterNew();
                    explained(Namespaces::unshareMounts);
                });
    }

    /** The namespace of that file, such as {@code /run/netns/branch}; its thread has its name. */
    public static NetworkNamespace named(Path file) throws IOException {
        return new NetworkNamespace(
                String.valueOf(file.getFileName()),
                () ->
                        explained(
                                () -> {
                                    try (Fd namespace = Namespaces.open(file)) {
                                        Namespaces.enterNetwork(namespace);
                                    }
                                }));
    }

    /** The namespace of the calling thread. */
    public static NetworkNamespace current(String threadName) throws IOException {
        // The executor starts its thread from the calling one, and it inherits the namespace.
        return new NetworkNamespace(threadName, () -> {});
    }

    /**
     * Does something in the namespace and waits for it, interrupted or not, so that what the task
     * made is never lost; an interrupt is kept for the caller. Tasks are done one at a time; one
     * may call this again.
     *
     * @throws IOException the task's own; likewise what else it throws
     */
    public <T> T call(Task<T> task) throws IOException {
        if (Thread.currentThread() == thread) {
            return task.run();
        }
        Future<T> result = submit(task);
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return result.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    throw passOn(e.getCause());
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /**
     * Has something done in the namespace, after what was asked before, and waits for nothing. What
     * the task throws is lost.
     *
     * @throws RejectedExecutionException when this is closed
     */
    public void execute(Runnable task) {
        // Not the executor's execute: a task that fails would end the thread, and the next one
        // would be of another namespace.
        Future<?> unused = executor.submit(task);
    }

    private <T> Future<T> submit(Task<T> task) throws IOException {
        try {
            return executor.submit(task::run);
        } catch (RejectedExecutionException e) {
            throw new IOException("the network namespace is closed", e);
        }
    }

    /** What others enter the namespace by; it is closed with this. */
    public Fd handle() {
        return handle;
    }

    /**
     * Sets a kernel parameter of the namespace.
     *
     * @param name as sysctl(8) writes it, {@code net.ipv4.tcp_rmem}; with slashes in place of dots
     *     where a part of it has a dot
     */
    public void sysctl(String name, String value) throws IOException {
        String path = name.indexOf('/') >= 0 ? name : name.replace('.', '/');
        if (!path.startsWith("net/") || path.contains("..")) {
            throw new IllegalArgumentException("not a parameter of a network namespace: " + name);
        }
        call(
                () -> {
                    try {
                        Files.writeString(SYSCTL.resolve(path), value, StandardOpenOption.WRITE);
                    } catch (NoSuchFileException e) {
                        throw new IOException("sysctl " + name + ": this kernel has none", e);
                    } catch (IOException e) {
                        throw new IOException(
                                "sysctl " + name + " = " + value + ": " + reason(e), e);
                    }
                    return null;
                });
    }

    /** Ends the thread, after what it was asked to do before. A second call does nothing. */
    @Override
    public void close() {
        executor.shutdown();
        handle.close();
    }

    private static void enterNew() throws IOException {
        explained(Namespaces::unshareNetwork);
        try (Rtnetlink rtnetlink = new Rtnetlink()) {
            rtnetlink.up(rtnetlink.index(LOOPBACK));
        }
    }

    private static void explained(Entry entry) throws IOException {
        try {
            entry.enter();
        } catch (SyscallException e) {
            throw new IOException(explain(e), e);
        }
    }

    private static String explain(SyscallException e) {
        return switch (e.errno()) {
            case Errno.EPERM ->
                    e.getMessage()
                            + "; run as root, or in a user namespace: unshare --user"
                            + " --map-root-user COMMAND";
            case Errno.ENOSPC ->
                    e.getMessage()
                            + "; too many namespaces, raise user.max_net_namespaces and"
                            + " user.max_mnt_namespaces";
            default -> e.getMessage();
        };
    }

    /** What is wrong, without the path that Java's file exceptions begin with. */
    private static String reason(IOException e) {
        String message = String.valueOf(e.getMessage());
        return message.startsWith(SYSCTL.toString()) && message.contains(": ")
                ? message.substring(message.indexOf(": ") + 2)
                : message;
    }

    private static IOException passOn(Throwable thrown) {
        return switch (thrown) {
            case IOException e -> e;
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new AssertionError("a task throws no other", thrown);
        };
    }
}
