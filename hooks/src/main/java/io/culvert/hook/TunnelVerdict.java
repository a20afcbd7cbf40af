package io.culvert.hook;

import java.util.List;
import java.util.Map;
import java.util.Objects;

/** What becomes of a tunnel. */
public sealed interface TunnelVerdict {
    /**
     * Its packets are this tenant's.
     *
     * @param tenant not empty; where the configuration names a tenant for the peer, that one
     * @return the verdict, without id, routes or attributes; no other plugin is asked
     */
    static Admit admit(String tenant) {
        return new Admit(tenant, "", List.of(), Map.of(), Context.EMPTY);
    }

    /**
     * It is not for this plugin to say; the next one is asked. Nobody's is refused.
     *
     * @return the verdict
     */
    static Pass pass() {
        return new Pass();
    }

    /**
     * It goes.
     *
     * @param why what it is told, where it can be told anything
     * @return the verdict; no other plugin is asked
     */
    static Refuse refuse(String why) {
        return new Refuse(why);
    }

    /**
     * The tunnel is admitted.
     *
     * @param tenant who its packets belong to
     * @param id a name among the tenant's tunnels, by which it is known again when it comes back;
     *     empty where it is never
     * @param routes what is reached through it
     * @param attributes for policies, logs and other hooks, by key
     * @param context comes with each of its flows
     */
    record Admit(
            String tenant,
            String id,
            List<Network> routes,
            Map<String, String> attributes,
            Context context)
            implements TunnelVerdict {
        /**
         * See {@link TunnelVerdict#admit}; lists and maps are copied.
         *
         * @throws NullPointerException if any part is {@code null}
         */
        public Admit {
            Objects.requireNonNull(tenant);
            Objects.requireNonNull(id);
            routes = List.copyOf(routes);
            attributes = Map.copyOf(attributes);
            Objects.requireNonNull(context);
        }

        /**
         * Known again by that name.
         *
         * @param name empty for a tunnel that is never known again
         * @return the same verdict with that name
         */
        public Admit as(String name) {
            return new Admit(tenant, name, routes, attributes, context);
        }

        /**
         * These are reached through it.
         *
         * @param networks none of which leads into another tunnel of the tenant
         * @return the same verdict with these in place of those before
         */
        public Admit reaching(List<Network> networks) {
            return new Admit(tenant, id, networks, attributes, context);
        }

        /**
         * With these attributes.
         *
         * @param all by key
         * @return the same verdict with these in place of those before
         */
        public Admit attributes(Map<String, String> all) {
            return new Admit(tenant, id, routes, all, context);
        }

        /**
         * With a value for the hooks of its flows, see {@link Context}.
         *
         * @param value takes the place of one of the same class
         * @return the same verdict and the value
         */
        public Admit with(Object value) {
            return new Admit(tenant, id, routes, attributes, context.with(value));
        }
    }

    /** The next plugin is asked. */
    record Pass() implements TunnelVerdict {}

    /**
     * The tunnel is refused.
     *
     * @param why for the tunnel's peer and the log
     */
    record Refuse(String why) implements TunnelVerdict {
        /**
         * See {@link TunnelVerdict#refuse}.
         *
         * @throws NullPointerException if any part is {@code null}
         */
        public Refuse {
            Objects.requireNonNull(why);
        }
    }
}
