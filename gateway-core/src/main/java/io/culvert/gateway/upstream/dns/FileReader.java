package io.culvert.gateway.upstream.dns;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.function.Function;

/**
 * What a file says, read again when it has changed.
 *
 * <p>Threading: one thread.
 */
final class FileReader<T> {
    private final Path file;
    private final Function<Path, T> reader;
    private T value;
    private Object seen;

    /**
     * @param reader makes something of a file that is not there, too
     */
    FileReader(Path file, Function<Path, T> reader) {
        this.file = file;
        this.reader = reader;
    }

    T get() {
        Object now = version();
        if (value == null || !now.equals(seen)) {
            seen = now;
            value = reader.apply(file);
        }
        return value;
    }

    private Object version() {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            return new Version(
                    attributes.lastModifiedTime(),
                    attributes.size(),
                    String.valueOf(attributes.fileKey()));
        } catch (IOException none) {
            return "";
        }
    }

    /** A file that was replaced has another key. */
    private record Version(Object modified, long size, String key) {}
}
