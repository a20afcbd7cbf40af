package io.culvert.hook;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * What a plugin wants to be asked; everything is optional, and once at most. Immutable: each method
 * answers the same with one thing more.
 */
public final class Hooks {
    private static final Hooks NONE =
            new Hooks(
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Map.of());

    private static final Set<String> TAKEN = Set.of("relay", "http", "auto");

    private final Optional<TunnelHook> tunnel;
    private final Optional<FlowHook> flow;
    private final Optional<ConnectionHook> connection;
    private final Optional<EgressHook> egress;
    private final Optional<Http> http;
    private final Map<String, ConnectionHandler> handlers;

    /**
     * A hook for requests, and which.
     *
     * @param filter which requests it is asked about
     * @param hook safe for threads
     */
    public record Http(HttpFilter filter, HttpHook hook) {
        /**
         * See {@link Hooks#http(HttpFilter, HttpHook)}.
         *
         * @throws NullPointerException if any part is {@code null}
         */
        public Http {
            Objects.requireNonNull(filter);
            Objects.requireNonNull(hook);
        }
    }

    private Hooks(
            Optional<TunnelHook> tunnel,
            Optional<FlowHook> flow,
            Optional<ConnectionHook> connection,
            Optional<EgressHook> egress,
            Optional<Http> http,
            Map<String, ConnectionHandler> handlers) {
        this.tunnel = tunnel;
        this.flow = flow;
        this.connection = connection;
        this.egress = egress;
        this.http = http;
        this.handlers = Map.copyOf(handlers);
    }

    /**
     * To begin with.
     *
     * @return without any hook: nothing is asked
     */
    public static Hooks none() {
        return NONE;
    }

    /**
     * Asked when a tunnel opens by an on-ramp with {@code context: hook}.
     *
     * @param hook safe for threads
     * @return these and the hook
     * @throws IllegalStateException if there is one already
     */
    public Hooks tunnel(TunnelHook hook) {
        once(tunnel.isPresent(), "tunnel hook");
        return new Hooks(Optional.of(hook), flow, connection, egress, http, handlers);
    }

    /**
     * Asked when a flow opens.
     *
     * @param hook safe for threads
     * @return these and the hook
     * @throws IllegalStateException if there is one already
     */
    public Hooks flow(FlowHook hook) {
        once(flow.isPresent(), "flow hook");
        return new Hooks(tunnel, Optional.of(hook), connection, egress, http, handlers);
    }

    /**
     * Asked when a TCP flow is to become a socket.
     *
     * @param hook safe for threads
     * @return these and the hook
     * @throws IllegalStateException if there is one already
     */
    public Hooks connection(ConnectionHook hook) {
        once(connection.isPresent(), "connection hook");
        return new Hooks(tunnel, flow, Optional.of(hook), egress, http, handlers);
    }

    /**
     * Asked which way an upgraded flow leaves.
     *
     * @param hook safe for threads
     * @return these and the hook
     * @throws IllegalStateException if there is one already
     */
    public Hooks egress(EgressHook hook) {
        once(egress.isPresent(), "egress hook");
        return new Hooks(tunnel, flow, connection, Optional.of(hook), http, handlers);
    }

    /**
     * Asked about requests of HTTP.
     *
     * @param filter which ones
     * @param hook safe for threads
     * @return these and the hook
     * @throws IllegalStateException if there is one already
     */
    public Hooks http(HttpFilter filter, HttpHook hook) {
        once(http.isPresent(), "HTTP hook");
        return new Hooks(
                tunnel, flow, connection, egress, Optional.of(new Http(filter, hook)), handlers);
    }

    /**
     * Takes the connections of rules and verdicts that name it.
     *
     * @param name unique in a gateway: lower-case letters, digits and hyphens; {@code relay},
     *     {@code http} and {@code auto} are taken
     * @param handler safe for threads: each connection has one of its own
     * @return these and the handler
     * @throws IllegalStateException if there is one of that name already
     * @throws IllegalArgumentException if nobody can have that name
     */
    public Hooks handler(String name, ConnectionHandler handler) {
        once(handlers.containsKey(name), "handler " + name);
        if (!name.matches("[a-z0-9][a-z0-9-]*") || TAKEN.contains(name)) {
            throw new IllegalArgumentException("a handler cannot be named \"" + name + "\"");
        }
        Map<String, ConnectionHandler> more = new LinkedHashMap<>(handlers);
        more.put(Objects.requireNonNull(name), Objects.requireNonNull(handler));
        return new Hooks(tunnel, flow, connection, egress, http, more);
    }

    private static void once(boolean there, String what) {
        if (there) {
            throw new IllegalStateException("there is a " + what + " already");
        }
    }

    /**
     * What is asked when a tunnel opens.
     *
     * @return empty where there is none
     */
    public Optional<TunnelHook> tunnel() {
        return tunnel;
    }

    /**
     * What is asked when a flow opens.
     *
     * @return empty where there is none
     */
    public Optional<FlowHook> flow() {
        return flow;
    }

    /**
     * What is asked when a TCP flow is to become a socket.
     *
     * @return empty where there is none
     */
    public Optional<ConnectionHook> connection() {
        return connection;
    }

    /**
     * What is asked which way an upgraded flow leaves.
     *
     * @return empty where there is none
     */
    public Optional<EgressHook> egress() {
        return egress;
    }

    /**
     * What is asked about requests of HTTP.
     *
     * @return empty where there is none
     */
    public Optional<Http> http() {
        return http;
    }

    /**
     * By name.
     *
     * @return immutable, in no order
     */
    public Map<String, ConnectionHandler> handlers() {
        return handlers;
    }
}
