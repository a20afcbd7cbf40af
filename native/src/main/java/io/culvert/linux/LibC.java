package io.culvert.linux;

import jnr.ffi.LibraryLoader;
import jnr.ffi.LibraryOption;
import jnr.ffi.Runtime;
import jnr.ffi.annotations.IgnoreError;
import jnr.ffi.types.size_t;
import jnr.ffi.types.ssize_t;

/**
 * The C library's functions as jnr-ffi binds them. Pointers are plain addresses, so that a call
 * converts nothing and allocates nothing; {@link NativeMemory} gives addresses.
 */
final class LibC {
    static final Functions INSTANCE =
            LibraryLoader.create(Functions.class).option(LibraryOption.LoadNow, true).load("c");

    private static final Runtime RUNTIME = Runtime.getRuntime(INSTANCE);

    private LibC() {}

    /** The calling thread's errno of its last failed call here. */
    static int errno() {
        return RUNTIME.getLastError();
    }

    /** Public only because jnr-ffi implements it from another class loader. */
    public interface Functions {

        @ssize_t
        long read(int fd, long buffer, @size_t long length);

        @ssize_t
        long write(int fd, long buffer, @size_t long length);

        @ssize_t
        long recv(int fd, long buffer, @size_t long length, int flags);

        @ssize_t
        long send(int fd, long buffer, @size_t long length, int flags);

        @ssize_t
        long splice(
                int fdIn, long offsetIn, int fdOut, long offsetOut, @size_t long length, int flags);

        @ssize_t
        long sendmsg(int fd, long message, int flags);

        @ssize_t
        long recvmsg(int fd, long message, int flags);

        int sendmmsg(int fd, long messages, int count, int flags);

        int recvmmsg(int fd, long messages, int count, int flags, long timeout);

        int socket(int domain, int type, int protocol);

        int socketpair(int domain, int type, int protocol, long fds);

        int bind(int fd, long address, int length);

        int listen(int fd, int backlog);

        int connect(int fd, long address, int length);

        int accept4(int fd, long address, long length, int flags);

        int shutdown(int fd, int how);

        int getsockname(int fd, long address, long length);

        int getpeername(int fd, long address, long length);

        int getsockopt(int fd, int level, int name, long value, long length);

        int setsockopt(int fd, int level, int name, long value, int length);

        int pipe2(long fds, int flags);

        int close(int fd);

        int open(String path, int flags, int mode);

        int ioctl(int fd, long request, long argument);

        int fcntl(int fd, int command, long argument);

        int memfd_create(String name, int flags);

        int ftruncate(int fd, long length);

        int unshare(int flags);

        int setns(int fd, int type);

        int mount(String source, String target, String type, long flags, long data);

        int umount2(String target, int flags);

        @IgnoreError
        int getuid();

        @IgnoreError
        int geteuid();

        @IgnoreError
        int gettid();
    }
}
