package io.culvert.gateway.upstream;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;

/**
 * On whose behalf a connection is made.
 *
 * @param tenant who the client belongs to; may be empty
 * @param client the client's address and port
 * @param target where the client wanted to go
 * @param source where the connection is to come from instead of an address of the host's choice
 */
public record ClientFacts(
        String tenant,
        InetSocketAddress client,
        InetSocketAddress target,
        Optional<InetAddress> source) {}
