package io.culvert.linux;

/** The error numbers of Linux that this project meets, with their meaning for people (errno(3)). */
public enum Errno {
    EPERM(1, "operation not permitted"),
    ENOENT(2, "no such file or directory"),
    ESRCH(3, "no such process"),
    EINTR(4, "interrupted"),
    EIO(5, "input/output error"),
    ENXIO(6, "no such device or address"),
    EBADF(9, "bad file descriptor"),
    EAGAIN(11, "would block"),
    ENOMEM(12, "out of memory"),
    EACCES(13, "permission denied"),
    EFAULT(14, "bad address"),
    EBUSY(16, "device or resource busy"),
    EEXIST(17, "exists already"),
    ENODEV(19, "no such device"),
    ENOTDIR(20, "not a directory"),
    EINVAL(22, "invalid argument"),
    ENFILE(23, "too many open files in the system"),
    EMFILE(24, "too many open files"),
    ENOTTY(25, "not a request that this kind of file knows"),
    ENOSPC(28, "no space left"),
    EPIPE(32, "broken pipe"),
    ERANGE(34, "out of range"),
    ENOSYS(38, "not implemented by this kernel"),
    EBADFD(77, "file descriptor in bad state"),
    EMSGSIZE(90, "message too long"),
    ENOPROTOOPT(92, "option not available"),
    EPROTONOSUPPORT(93, "protocol not supported"),
    EOPNOTSUPP(95, "operation not supported"),
    EAFNOSUPPORT(97, "address family not supported"),
    EADDRINUSE(98, "address already in use"),
    EADDRNOTAVAIL(99, "cannot assign requested address"),
    ENETDOWN(100, "network is down"),
    ENETUNREACH(101, "network is unreachable"),
    ECONNABORTED(103, "connection aborted"),
    ECONNRESET(104, "connection reset by peer"),
    ENOBUFS(105, "no buffer space available"),
    ENOTCONN(107, "not connected"),
    ETIMEDOUT(110, "connection timed out"),
    ECONNREFUSED(111, "connection refused"),
    EHOSTDOWN(112, "host is down"),
    EHOSTUNREACH(113, "no route to host"),
    EALREADY(114, "already in progress"),
    EINPROGRESS(115, "in progress"),
    /** A number that this list lacks; the exception's message still gives it. */
    OTHER(-1, "error");

    private static final Errno[] BY_NUMBER = new Errno[134];

    static {
        for (Errno errno : values()) {
            if (errno.number >= 0) {
                BY_NUMBER[errno.number] = errno;
            }
        }
    }

    private final int number;
    private final String meaning;

    Errno(int number, String meaning) {
        this.number = number;
        this.meaning = meaning;
    }

    /** The number that the kernel uses on x86-64 and arm64; -1 for {@link #OTHER}. */
    public int number() {
        return number;
    }

    /** A phrase for a message to a person. */
    public String meaning() {
        return meaning;
    }

    /** Whether {@code result} of a {@link Syscall} is this error. */
    public boolean is(long result) {
        return result == -number;
    }

    /** The error of that number, {@link #OTHER} where this list lacks it. */
    public static Errno of(int number) {
        Errno errno = number >= 0 && number < BY_NUMBER.length ? BY_NUMBER[number] : null;
        return errno == null ? OTHER : errno;
    }
}
