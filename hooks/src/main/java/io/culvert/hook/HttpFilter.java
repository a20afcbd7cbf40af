package io.culvert.hook;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which requests a {@link HttpHook} is asked about. It is compared with each request on the
 * worker's thread: one that it does not match costs nothing more. A part that is empty matches all.
 *
 * @param hosts without a port, in lower case
 * @param methods in upper case
 * @param paths that the target begins with
 */
public record HttpFilter(Set<String> hosts, Set<String> methods, List<String> paths) {
    /** Every request. */
    public static final HttpFilter ALL = new HttpFilter(Set.of(), Set.of(), List.of());

    /**
     * Hosts are written in lower case; all parts are copied.
     *
     * @throws NullPointerException if any part is {@code null}
     */
    public HttpFilter {
        hosts =
                hosts.stream()
                        .map(host -> host.toLowerCase(Locale.ROOT))
                        .collect(Collectors.toUnmodifiableSet());
        methods = Set.copyOf(methods);
        paths = List.copyOf(paths);
    }

    /**
     * Requests of some methods.
     *
     * @param methods such as {@code POST}
     * @return the filter
     */
    public static HttpFilter methods(String... methods) {
        return new HttpFilter(Set.of(), Set.of(methods), List.of());
    }

    /**
     * Whether a request is one of these.
     *
     * @param method as it came
     * @param authority host and perhaps port
     * @param target path and query
     * @return whether the hook is asked
     */
    public boolean matches(String method, String authority, String target) {
        if (!methods.isEmpty() && !methods.contains(method)) {
            return false;
        }
        if (!hosts.isEmpty() && !hosts.contains(host(authority))) {
            return false;
        }
        return paths.isEmpty() || paths.stream().anyMatch(target::startsWith);
    }

    private static String host(String authority) {
        int colon = authority.lastIndexOf(':');
        boolean port = colon > authority.lastIndexOf(']');
        return (port ? authority.substring(0, colon) : authority).toLowerCase(Locale.ROOT);
    }
}
