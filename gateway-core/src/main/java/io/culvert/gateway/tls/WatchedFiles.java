package io.culvert.gateway.tls;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.HexFormat;

/**
 * Files whose contents are looked at now and then: not their times, which a program that puts
 * another file, or link, in their place may have set as it likes.
 *
 * <p>A change counts when it has been there twice, so that a certificate is not read whose key has
 * yet to be written.
 *
 * <p>Threading: one at a time.
 */
final class WatchedFiles {
    private static final int LARGEST = 1 << 20;

    private String known;
    private String last;

    /** Contents that count from now on. */
    WatchedFiles(Collection<Path> files) {
        known = digest(files);
        last = known;
    }

    /** Whether they are others than those that count, and have been when this was last asked. */
    boolean hasChanged(Collection<Path> files) {
        String now = digest(files);
        boolean settled = now.equals(last);
        last = now;
        boolean changed = settled && !now.equals(known);
        if (changed) {
            known = now;
        }
        return changed;
    }

    private static String digest(Collection<Path> files) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (Path file : files) {
                digest.update(file.toString().getBytes(StandardCharsets.UTF_8));
                try (var in = Files.newInputStream(file)) {
                    digest.update((byte) 1);
                    digest.update(in.readNBytes(LARGEST));
                } catch (IOException absent) {
                    digest.update((byte) 0);
                }
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
