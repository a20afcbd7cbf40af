package io.culvert.gateway.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;

/**
 * A configuration as a file of YAML. Reading one opens that file and changes nothing; whatever its
 * bytes are, the answer is a value and never an exception.
 */
public final class ConfigurationFile {
    /** A file of more bytes than this is refused unread. */
    public static final int LARGEST = 2 << 20;

    private ConfigurationFile() {}

    /** What is in a file, whatever that means. */
    public sealed interface Contents {
        /** At most one byte more than a configuration may have. */
        final class Bytes implements Contents {
            private final byte[] text;

            private Bytes(byte[] text) {
                this.text = text;
            }

            public byte[] text() {
                return text.clone();
            }
        }

        /** It cannot be known. */
        record Unreadable(Loaded.Invalid why) implements Contents {}
    }

    /** Reads a file, which may be a pipe. */
    public static Loaded load(Path path) {
        return load(path, ConfigurationFile::read);
    }

    /**
     * The same.
     *
     * @param reader of the file's name and text
     */
    static Loaded load(Path path, BiFunction<String, String, Loaded> reader) {
        return switch (contents(path)) {
            case Contents.Bytes bytes -> read(path.toString(), bytes.text(), reader);
            case Contents.Unreadable(Loaded.Invalid why) -> why;
        };
    }

    /** Reads a file, which may be a pipe, without looking what it says. */
    public static Contents contents(Path path) {
        String name = path.toString();
        try (InputStream in = Files.newInputStream(path)) {
            return new Contents.Bytes(in.readNBytes(LARGEST + 1));
        } catch (NoSuchFileException e) {
            return new Contents.Unreadable(unreadable(name, "there is no such file"));
        } catch (AccessDeniedException e) {
            return new Contents.Unreadable(unreadable(name, "you may not read the file"));
        } catch (IOException e) {
            return new Contents.Unreadable(
                    unreadable(name, "the file cannot be read: " + e.getMessage()));
        }
    }

    /**
     * Reads a text.
     *
     * @param name what errors call the text
     * @param bytes as they are in a file
     */
    public static Loaded read(String name, byte[] bytes) {
        return read(name, bytes, ConfigurationFile::read);
    }

    private static Loaded read(
            String name, byte[] bytes, BiFunction<String, String, Loaded> reader) {
        return bytes.length > LARGEST
                ? unreadable(name, "the file is larger than 2 MiB")
                : decode(name, bytes, reader);
    }

    /**
     * Reads a text.
     *
     * @param name what errors call the text
     */
    public static Loaded read(String name, String text) {
        Errors errors = new Errors();
        Optional<YamlTree> tree = YamlTree.parse(text, errors);
        Optional<Configuration> configuration =
                tree.map(
                        whole -> {
                            SchemaCheck.check(whole, errors);
                            return new ConfigurationReader(whole, errors, name).read();
                        });
        return configuration.isPresent() && errors.isEmpty()
                ? new Loaded.Valid(configuration.get(), hash(text), errors.warnings(name, text))
                : new Loaded.Invalid(errors.of(name, text));
    }

    private static String hash(String text) {
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-256")
                            .digest(text.getBytes(StandardCharsets.UTF_8));
            return "sha256:" + HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static Loaded decode(
            String name, byte[] bytes, BiFunction<String, String, Loaded> reader) {
        CharsetDecoder utf8 = StandardCharsets.UTF_8.newDecoder();
        ByteBuffer in = ByteBuffer.wrap(bytes);
        CharBuffer out = CharBuffer.allocate(bytes.length);
        CoderResult result = utf8.decode(in, out, true);
        String text = out.flip().toString();
        if (result.isError()) {
            Errors errors = new Errors();
            errors.add(
                    YamlTree.positionOf(text, Integer.MAX_VALUE), "the bytes here are not UTF-8");
            return new Loaded.Invalid(errors.of(name, text));
        }
        return reader.apply(name, text.startsWith("\ufeff") ? text.substring(1) : text);
    }

    private static Loaded.Invalid unreadable(String name, String message) {
        return new Loaded.Invalid(List.of(new ConfigurationError(name, 1, 1, message, "")));
    }
}
