package io.culvert.gateway;

import io.culvert.linux.Errno;
import io.culvert.linux.Fd;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.Sockets;
import io.culvert.linux.Syscall;
import io.culvert.linux.SyscallException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Set;

/** Makes a Unix socket that listens, where nobody else does. */
final class UnixListener {
    private static final int BACKLOG = 1024;

    private UnixListener() {}

    /**
     * Binds a socket that keeps messages apart and lets it listen. What a gateway that was killed
     * has left there is taken away.
     *
     * @param mode its permissions, which it has before anybody can connect
     * @throws IOException with a sentence for the operator
     */
    static Fd open(Path path, int mode) throws IOException {
        SocketAddressBuffer address = new SocketAddressBuffer().setUnix(path);
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            clear(path, address);
        }
        Path directory = path.getParent();
        if (directory != null && !Files.exists(directory)) {
            Files.createDirectories(directory);
        }
        Fd socket = Sockets.seqpacket();
        try {
            Sockets.bind(socket, address);
            mode(path, mode);
            Sockets.listen(socket, BACKLOG);
            return socket;
        } catch (SyscallException e) {
            socket.close();
            throw new IOException("cannot make the socket " + path + ": " + e.getMessage(), e);
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /** Gives a socket that is there other permissions. */
    static void mode(Path path, int mode) throws IOException {
        Files.setPosixFilePermissions(path, permissions(mode));
    }

    private static void clear(Path path, SocketAddressBuffer address) throws IOException {
        PosixFileAttributes attributes =
                Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (!attributes.isOther()) {
            throw new IOException(
                    path + " is there and is no socket; remove it, or choose another");
        }
        try (Fd probe = Sockets.seqpacket()) {
            int result = Syscall.connect(probe.number(), address.address(), address.length());
            if (!Errno.ECONNREFUSED.is(result)) {
                throw new IOException(
                        "another gateway listens on " + path + "; stop it, or choose another path");
            }
        }
        Files.delete(path);
    }

    private static Set<PosixFilePermission> permissions(int mode) {
        Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
        // Declared from the owner's to the others', as the bits are from the highest.
        PosixFilePermission[] all = PosixFilePermission.values();
        for (int i = 0; i < all.length; i++) {
            if ((mode & 1 << (all.length - 1 - i)) != 0) {
                permissions.add(all[i]);
            }
        }
        return permissions;
    }
}
