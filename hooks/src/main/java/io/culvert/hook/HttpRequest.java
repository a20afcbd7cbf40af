package io.culvert.hook;

import java.util.Objects;

/**
 * A request that came by a flow's connection, before its body.
 *
 * @param flow whose connection it is
 * @param method such as {@code GET}
 * @param scheme {@code http} or {@code https}
 * @param authority host, with a port where one was said; empty where the client said none
 * @param target path and query; of CONNECT the authority
 * @param fields of the head
 * @param context what is known of the flow, and what hooks have added to this request
 */
public record HttpRequest(
        FlowInfo flow,
        String method,
        String scheme,
        String authority,
        String target,
        HttpFields fields,
        Context context) {
    /**
     * Made by the gateway, and by tests of plugins.
     *
     * @throws NullPointerException if any part is {@code null}
     */
    public HttpRequest {
        Objects.requireNonNull(flow);
        Objects.requireNonNull(method);
        Objects.requireNonNull(scheme);
        Objects.requireNonNull(authority);
        Objects.requireNonNull(target);
        Objects.requireNonNull(fields);
        Objects.requireNonNull(context);
    }

    /**
     * The target without its query.
     *
     * @return as the client wrote it, nothing decoded
     */
    public String path() {
        int query = target.indexOf('?');
        return query < 0 ? target : target.substring(0, query);
    }
}
