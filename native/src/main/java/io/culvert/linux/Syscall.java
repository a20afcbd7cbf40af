package io.culvert.linux;

import java.nio.ByteBuffer;

/**
 * System calls of the packet path. Each takes raw descriptors and addresses (see {@link
 * NativeMemory}) and answers the call's own result, or {@code -errno}; it neither throws nor
 * allocates. {@code EINTR} is retried here and never seen by callers. Compare a result with {@link
 * Errno#is}.
 */
public final class Syscall {
    /** splice(2): do not block; the pages may be moved. */
    public static final int SPLICE_F_MOVE = 1;

    public static final int SPLICE_F_NONBLOCK = 2;
    public static final int SPLICE_F_MORE = 4;

    /** recv(2), send(2). */
    public static final int MSG_PEEK = 0x2;

    public static final int MSG_TRUNC = 0x20;
    public static final int MSG_DONTWAIT = 0x40;
    public static final int MSG_ERRQUEUE = 0x2000;
    public static final int MSG_NOSIGNAL = 0x4000;
    public static final int MSG_MORE = 0x8000;

    /** socket(2), accept4(2), pipe2(2): the two flags of every descriptor made here. */
    public static final int NONBLOCK = 0x800;

    public static final int CLOEXEC = 0x8_0000;

    /** shutdown(2). */
    public static final int SHUT_RD = 0;

    public static final int SHUT_WR = 1;
    public static final int SHUT_RDWR = 2;

    /** fcntl(2). */
    private static final int F_DUPFD_CLOEXEC = 1030;

    private static final LibC.Functions C = LibC.INSTANCE;
    private static final int EINTR = Errno.EINTR.number();
    private static final ThreadLocal<Cells> CELLS = ThreadLocal.withInitial(Cells::new);

    /** Where {@link Cells} keep the length. */
    private static final int LENGTH = Integer.BYTES;

    /** A struct sockaddr of family AF_UNSPEC, which is 0; nobody writes to it. */
    private static final int UNSPECIFIED_LENGTH = 16;

    private static final ByteBuffer UNSPECIFIED = NativeMemory.allocate(UNSPECIFIED_LENGTH);
    private static final long UNSPECIFIED_ADDRESS = NativeMemory.address(UNSPECIFIED);

    private Syscall() {}

    /** read(2): bytes read, 0 at the end, or -errno. */
    public static int read(int fd, long buffer, int length) {
        long result;
        do {
            result = answer(C.read(fd, buffer, length));
        } while (result == -EINTR);
        return (int) result;
    }

    /** write(2): bytes written or -errno. */
    public static int write(int fd, long buffer, int length) {
        long result;
        do {
            result = answer(C.write(fd, buffer, length));
        } while (result == -EINTR);
        return (int) result;
    }

    /** recv(2): bytes read, 0 at the end, or -errno. */
    public static int recv(int fd, long buffer, int length, int flags) {
        long result;
        do {
            result = answer(C.recv(fd, buffer, length, flags));
        } while (result == -EINTR);
        return (int) result;
    }

    /** send(2): bytes taken or -errno. Add {@link #MSG_NOSIGNAL} on stream sockets. */
    public static int send(int fd, long buffer, int length, int flags) {
        long result;
        do {
            result = answer(C.send(fd, buffer, length, flags));
        } while (result == -EINTR);
        return (int) result;
    }

    /** fcntl(2) F_DUPFD_CLOEXEC: another descriptor of the same open file, or -errno. */
    public static int duplicate(int fd) {
        return (int) answer(C.fcntl(fd, F_DUPFD_CLOEXEC, 0));
    }

    /** splice(2) without offsets: bytes moved, 0 at the end of input, or -errno. */
    public static int splice(int fdIn, int fdOut, int length, int flags) {
        long result;
        do {
            result = answer(C.splice(fdIn, 0, fdOut, 0, length, flags));
        } while (result == -EINTR);
        return (int) result;
    }

    /** sendmsg(2) of the {@code msghdr} at that address: bytes sent or -errno. */
    public static int sendmsg(int fd, long message, int flags) {
        long result;
        do {
            result = answer(C.sendmsg(fd, message, flags));
        } while (result == -EINTR);
        return (int) result;
    }

    /** recvmsg(2) into the {@code msghdr} at that address: bytes received or -errno. */
    public static int recvmsg(int fd, long message, int flags) {
        long result;
        do {
            result = answer(C.recvmsg(fd, message, flags));
        } while (result == -EINTR);
        return (int) result;
    }

    /** sendmmsg(2): messages sent, or -errno where not even the first was. */
    public static int sendmmsg(int fd, long messages, int count, int flags) {
        long result;
        do {
            result = answer(C.sendmmsg(fd, messages, count, flags));
        } while (result == -EINTR);
        return (int) result;
    }

    /** recvmmsg(2) without a timeout: messages received or -errno. */
    public static int recvmmsg(int fd, long messages, int count, int flags) {
        long result;
        do {
            result = answer(C.recvmmsg(fd, messages, count, flags, 0));
        } while (result == -EINTR);
        return (int) result;
    }

    /** accept4(2): the new descriptor or -errno. */
    public static int accept(int fd, long address, long length, int flags) {
        long result;
        do {
            result = answer(C.accept4(fd, address, length, flags));
        } while (result == -EINTR);
        return (int) result;
    }

    /**
     * connect(2): 0 or -errno; -EINPROGRESS on a socket that does not block. Not retried after
     * EINTR (connect(2)).
     */
    public static int connect(int fd, long address, int length) {
        return (int) answer(C.connect(fd, address, length));
    }

    /**
     * connect(2) to AF_UNSPEC, which ends a TCP connection at once, with a reset, and leaves the
     * descriptor open: 0 or -errno. What the peer sent and was not read is lost, and so is what was
     * not sent.
     */
    public static int disconnect(int fd) {
        return (int) answer(C.connect(fd, UNSPECIFIED_ADDRESS, UNSPECIFIED_LENGTH));
    }

    /** shutdown(2): 0 or -errno. */
    public static int shutdown(int fd, int how) {
        return (int) answer(C.shutdown(fd, how));
    }

    /** close(2): 0 or -errno; the number is free afterwards either way, so EINTR is not retried. */
    public static int close(int fd) {
        return (int) answer(C.close(fd));
    }

    /** socket(2): the new descriptor or -errno. It is of the calling thread's network namespace. */
    public static int socket(int domain, int type, int protocol) {
        return (int) answer(C.socket(domain, type, protocol));
    }

    /** setsockopt(2) of an {@code int}: 0 or -errno. */
    public static int setsockopt(int fd, int level, int name, int value) {
        Cells cells = CELLS.get();
        cells.bytes.putInt(0, value);
        return setsockopt(fd, level, name, cells.address, Integer.BYTES);
    }

    /** setsockopt(2) of any structure: 0 or -errno. */
    public static int setsockopt(int fd, int level, int name, long address, int length) {
        return (int) answer(C.setsockopt(fd, level, name, address, length));
    }

    /** getsockopt(2) of an {@code int} that is never negative: the value or -errno. */
    public static int getsockopt(int fd, int level, int name) {
        Cells cells = CELLS.get();
        cells.bytes.putInt(0, 0).putInt(LENGTH, Integer.BYTES);
        int result = getsockopt(fd, level, name, cells.address, cells.address + LENGTH);
        return result < 0 ? result : cells.bytes.getInt(0);
    }

    /**
     * getsockopt(2) of any structure: 0 or -errno. The {@code int} at {@code length} holds the room
     * before, the structure's size after.
     */
    public static int getsockopt(int fd, int level, int name, long address, long length) {
        return (int) answer(C.getsockopt(fd, level, name, address, length));
    }

    /**
     * SO_LINGER of socket(7): 0 or -errno. With zero seconds close(2) drops what is unsent and
     * resets the connection instead of ending it.
     */
    public static int linger(int fd, int seconds) {
        Cells cells = CELLS.get();
        cells.bytes.putInt(0, 1).putInt(LENGTH, seconds);
        return setsockopt(
                fd, SocketOptions.SOL_SOCKET, SocketOptions.SO_LINGER, cells.address, Cells.SIZE);
    }

    /** getsockname(2) into a {@link SocketAddressBuffer}'s memory: 0 or -errno. */
    public static int getsockname(int fd, long address, long length) {
        return (int) answer(C.getsockname(fd, address, length));
    }

    /** getpeername(2) into a {@link SocketAddressBuffer}'s memory: 0 or -errno. */
    public static int getpeername(int fd, long address, long length) {
        return (int) answer(C.getpeername(fd, address, length));
    }

    /** bind(2): 0 or -errno. */
    public static int bind(int fd, long address, int length) {
        return (int) answer(C.bind(fd, address, length));
    }

    /** listen(2): 0 or -errno. */
    public static int listen(int fd, int backlog) {
        return (int) answer(C.listen(fd, backlog));
    }

    /**
     * pipe2(2): 0, with the read and the write end as two {@code int} at {@code fds}; or -errno.
     */
    public static int pipe(long fds, int flags) {
        return (int) answer(C.pipe2(fds, flags));
    }

    static long answer(long result) {
        return result == -1 ? -LibC.errno() : result;
    }

    /** Memory for one option's value and its length, a thread's own, so that options need none. */
    private static final class Cells {
        static final int SIZE = 2 * Integer.BYTES;

        final ByteBuffer bytes = NativeMemory.allocateNative(SIZE);
        final long address = NativeMemory.address(bytes);
    }
}
