package io.culvert.gateway.telemetry;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * A file that lines are appended to, and that may be moved away under it: {@link #follow} notices
 * and begins a new one.
 *
 * <p>Confined to one thread.
 */
final class LogFile implements AutoCloseable {
    /** inode(7). */
    private static final int TYPE = 0xf000;

    private static final int PIPE = 0x1000;

    private final Path path;
    private FileChannel channel;
    private Object key;

    private LogFile(Path path) throws IOException {
        this.path = path;
        reopen();
    }

    /**
     * Opens a file, with mode 0640 where there is none.
     *
     * @throws IOException with what the file system says
     */
    static LogFile open(Path path) throws IOException {
        if (Files.exists(path) && ((int) Files.getAttribute(path, "unix:mode") & TYPE) == PIPE) {
            throw new IOException("it is a pipe, and opening one waits for its reader");
        }
        return new LogFile(path);
    }

    private void reopen() throws IOException {
        FileChannel opened =
                FileChannel.open(
                        path,
                        Set.of(StandardOpenOption.CREATE, StandardOpenOption.APPEND),
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rw-r-----")));
        if (channel != null) {
            channel.close();
        }
        channel = opened;
        key = keyOfPath();
    }

    /** Where the path names another file than the one that is open, or none, opens that. */
    void follow() throws IOException {
        Object now = Files.exists(path) ? keyOfPath() : null;
        if (now == null || !now.equals(key)) {
            reopen();
        }
    }

    private Object keyOfPath() throws IOException {
        return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
    }

    /**
     * Appends whole lines.
     *
     * @param ends where each line ends, in order; the last one is the limit of {@code lines}
     * @return how many of them are in the file; with fewer than all {@code failure} was told why
     */
    int append(ByteBuffer lines, int[] ends, int count, Failure failure) {
        try {
            while (lines.hasRemaining()) {
                channel.write(lines);
            }
            return count;
        } catch (IOException e) {
            failure.because(e);
        }
        int whole = 0;
        while (whole < count && ends[whole] <= lines.position()) {
            whole++;
        }
        int torn = lines.position() - (whole == 0 ? 0 : ends[whole - 1]);
        if (torn > 0) {
            cut(torn);
        }
        return whole;
    }

    /** Told why lines were not written. */
    @FunctionalInterface
    interface Failure {
        void because(IOException reason);
    }

    /** Takes part of a line back, so that the next one begins on a line of its own. */
    private void cut(int bytes) {
        try {
            channel.truncate(Math.max(0, channel.size() - bytes));
        } catch (IOException e) {
            // A device; there are no lines to spoil.
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
