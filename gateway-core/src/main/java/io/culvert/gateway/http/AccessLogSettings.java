package io.culvert.gateway.http;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Which requests are logged, and how.
 *
 * @param file where to; empty for nowhere
 * @param sample of so many requests that a server answered without trouble one is logged; all that
 *     ended otherwise are
 * @param queries whether the part behind the question mark is
 */
public record AccessLogSettings(Optional<Path> file, int sample, boolean queries) {
    public static final AccessLogSettings NONE = new AccessLogSettings(Optional.empty(), 1, false);
}
