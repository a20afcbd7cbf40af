package io.culvert.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The descriptors that this process has open (proc(5), /proc/self/fd): sockets, pipes, devices and
 * the like. Files are left out, since a JVM opens those whenever it loads a class. A snapshot; any
 * thread may take one.
 *
 * @param named each as its number and what it refers to, such as {@code 12 socket:[4711]}; a number
 *     that was closed and taken again for another socket or pipe is another one
 */
public record OpenDescriptors(Set<String> named) {
    private static final Path OPEN = Path.of("/proc/self/fd");
    private static final Path LIMITS = Path.of("/proc/self/limits");
    private static final String TUN = "/dev/net/tun";

    public OpenDescriptors {
        named = Set.copyOf(named);
    }

    /** Those open now. */
    public static OpenDescriptors now() throws IOException {
        Set<String> named = new HashSet<>();
        try (Stream<Path> all = Files.list(OPEN)) {
            List<Path> numbers = all.toList();
            for (Path number : numbers) {
                String target = target(number);
                if (counts(target)) {
                    named.add(number.getFileName() + " " + target);
                }
            }
        }
        return new OpenDescriptors(named);
    }

    /**
     * How many descriptors this process may have open at once, RLIMIT_NOFILE (getrlimit(2)); a JVM
     * raises its own to the most that it is allowed.
     */
    public static long limit() throws IOException {
        for (String line : Files.readAllLines(LIMITS)) {
            if (line.startsWith("Max open files")) {
                String soft = line.substring(26).trim().split(" +", 2)[0];
                return soft.equals("unlimited") ? Long.MAX_VALUE : Long.parseLong(soft);
            }
        }
        throw new IOException(LIMITS + " does not say how many files may be open");
    }

    public int count() {
        return named.size();
    }

    /**
     * Those of now that were not there at that time. Unlike the difference of two counts it is not
     * moved by what somebody else closes meanwhile.
     */
    public Set<String> since(OpenDescriptors earlier) {
        Set<String> left = new HashSet<>(named);
        left.removeAll(earlier.named);
        return left;
    }

    private static boolean counts(String target) {
        return target.equals(TUN) || (!target.isEmpty() && !target.startsWith("/"));
    }

    private static String target(Path number) throws IOException {
        try {
            return Files.readSymbolicLink(number).toString();
        } catch (NoSuchFileException closedMeanwhile) {
            return "";
        }
    }
}
