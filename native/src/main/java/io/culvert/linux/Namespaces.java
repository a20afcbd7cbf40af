package io.culvert.linux;

import java.nio.file.Path;

/**
 * Network and mount namespaces (namespaces(7)). Every method that changes something changes it for
 * the calling thread alone, which must therefore be a platform thread that keeps to this purpose;
 * sockets and devices made there stay valid on every thread.
 */
public final class Namespaces {
    /** From {@code linux/sched.h}. */
    private static final int CLONE_NEWNS = 0x0002_0000;

    private static final int CLONE_NEWNET = 0x4000_0000;

    /** From {@code sys/mount.h}. */
    private static final int MS_BIND = 1 << 12;

    private static final int MS_REC = 1 << 14;
    private static final int MS_PRIVATE = 1 << 18;

    /** From {@code fcntl.h}: for reading, closed in child processes. */
    private static final int O_RDONLY_CLOEXEC = 0x8_0000;

    private static final Path OF_THIS_THREAD = Path.of("/proc/thread-self/ns/net");
    private static final LibC.Functions C = LibC.INSTANCE;

    private Namespaces() {}

    /** Moves the calling thread into a new network namespace, which has only {@code lo}, down. */
    public static void unshareNetwork() throws SyscallException {
        platformThreadOnly();
        check(C.unshare(CLONE_NEWNET), "make a network namespace");
    }

    /**
     * Moves the calling thread into a mount namespace of its own, out of which no mount is seen
     * elsewhere. Child processes started on this thread inherit it.
     */
    public static void unshareMounts() throws SyscallException {
        platformThreadOnly();
        check(C.unshare(CLONE_NEWNS), "make a mount namespace");
        check(C.mount("none", "/", null, MS_REC | MS_PRIVATE, 0), "keep mounts private");
    }

    /** Moves the calling thread into an existing network namespace. */
    public static void enterNetwork(Fd namespace) throws SyscallException {
        platformThreadOnly();
        check(C.setns(namespace.number(), CLONE_NEWNET), "enter the network namespace");
    }

    /** The calling thread's network namespace; the caller closes it. */
    public static Fd current() throws SyscallException {
        return open(OF_THIS_THREAD);
    }

    /** A network namespace by its file, such as {@code /run/netns/NAME}; the caller closes it. */
    public static Fd open(Path file) throws SyscallException {
        return new Fd(
                check(C.open(file.toString(), O_RDONLY_CLOEXEC, 0), "network namespace " + file));
    }

    /**
     * Shows {@code source} in the place of {@code target}, which must exist, in the calling
     * thread's mount namespace.
     */
    public static void bindMount(Path source, Path target) throws SyscallException {
        platformThreadOnly();
        check(
                C.mount(source.toString(), target.toString(), null, MS_BIND, 0),
                "mount " + source + " on " + target);
    }

    /** A virtual thread would change its carrier, and with it whoever runs there next. */
    private static void platformThreadOnly() {
        if (Thread.currentThread().isVirtual()) {
            throw new IllegalStateException("namespaces belong to platform threads");
        }
    }

    private static int check(int result, String call) throws SyscallException {
        return SyscallException.check(Syscall.answer(result), call);
    }
}
