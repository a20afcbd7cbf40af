package io.culvert.linux;

import java.io.IOException;

/** A system call failed in a way that its caller does not expect in ordinary work. */
public final class SyscallException extends IOException {
    private static final long serialVersionUID = 1L;

    private final Errno errno;

    /**
     * @param call what was tried, as a person would say it: the call and what it acted on
     * @param number the errno value, positive
     */
    public SyscallException(String call, int number) {
        this(call, number, null);
    }

    /**
     * @param remedy what to do about it, or what the kernel says besides; null for nothing
     */
    SyscallException(String call, int number, String remedy) {
        super(call + ": " + meaning(number) + (remedy == null ? "" : "; " + remedy));
        this.errno = Errno.of(number);
    }

    private static String meaning(int number) {
        Errno errno = Errno.of(number);
        return errno == Errno.OTHER ? "error " + number : errno.meaning() + " (" + errno + ")";
    }

    public Errno errno() {
        return errno;
    }

    /** {@code result} unless it is {@code -errno}. */
    static int check(long result, String call) throws SyscallException {
        if (result < 0) {
            throw new SyscallException(call, (int) -result);
        }
        return (int) result;
    }
}
