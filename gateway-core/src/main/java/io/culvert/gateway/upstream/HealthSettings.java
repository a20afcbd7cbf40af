package io.culvert.gateway.upstream;

import java.time.Duration;
import java.util.Optional;

/**
 * How a group's servers are asked whether they are well.
 *
 * @param path what is asked for by HTTP; empty where a connection is enough
 * @param statuses what status says that it is well: the first and the last of a range
 * @param interval between two questions to one server
 * @param timeout how long an answer may take
 * @param rise so many good answers in a row bring a server back
 * @param fall so many bad ones take it out
 */
public record HealthSettings(
        Optional<String> path,
        Statuses statuses,
        Duration interval,
        Duration timeout,
        int rise,
        int fall) {
    public static final Duration DEFAULT_INTERVAL = Duration.ofSeconds(5);
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(2);
    public static final int DEFAULT_RISE = 2;
    public static final int DEFAULT_FALL = 3;

    /** Both ends belong to it. */
    public record Statuses(int first, int last) {
        public static final Statuses DEFAULT = new Statuses(200, 399);

        boolean contains(int status) {
            return status >= first && status <= last;
        }
    }
}
