package io.culvert.gateway.upstream;

import java.util.List;
import java.util.Optional;

/**
 * A group of servers as the configuration has it. Immutable.
 *
 * @param name unique among the groups
 * @param tenant whose resolver is asked for names; empty for the general one
 * @param oneServer whether all addresses of a name are one server, which is then connected to at
 *     whichever answers first (RFC 8305), instead of a server each
 * @param connections to one server at once
 * @param requests live at one server at once
 * @param retries of one request
 * @param retryBudget how many live requests in a hundred may be retries
 * @param panic where fewer servers in a hundred are healthy, all are used
 */
public record GroupSettings(
        String name,
        List<ServerSettings> servers,
        String tenant,
        boolean oneServer,
        Balance balance,
        LinkSettings link,
        Optional<HealthSettings> health,
        EjectionSettings ejection,
        int connections,
        int requests,
        int retries,
        int retryBudget,
        int panic) {
    public static final int DEFAULT_CONNECTIONS = 10_000;
    public static final int DEFAULT_REQUESTS = 100_000;
    public static final int DEFAULT_RETRIES = 1;
    public static final int DEFAULT_RETRY_BUDGET = 20;
    public static final int DEFAULT_PANIC = 50;

    public GroupSettings {
        servers = List.copyOf(servers);
    }

    /** A group of plain servers with everything else as it is without being written. */
    public GroupSettings(String name, List<ServerSettings> servers) {
        this(
                name,
                servers,
                "",
                false,
                Balance.ROUND_ROBIN,
                LinkSettings.PLAIN,
                Optional.empty(),
                EjectionSettings.DEFAULT,
                DEFAULT_CONNECTIONS,
                DEFAULT_REQUESTS,
                DEFAULT_RETRIES,
                DEFAULT_RETRY_BUDGET,
                DEFAULT_PANIC);
    }
}
