package io.culvert.gateway.config;

import io.culvert.gateway.policy.Action;
import io.culvert.gateway.policy.Rule;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The values of a configuration that follow from others, by their places as JSON pointers. */
final class Computed {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final Value OMITTED = new Value(null, "");

    private final Map<String, Value> values = new HashMap<>();
    private final YamlTree tree;

    /**
     * A value.
     *
     * @param value {@code null} where the key means nothing there
     * @param why to be appended to where it is from
     */
    record Value(JsonNode value, String why) {
        boolean isOmitted() {
            return value == null;
        }
    }

    private Computed(YamlTree tree) {
        this.tree = tree;
    }

    static Map<String, Value> of(Configuration configuration, YamlTree tree) {
        Computed computed = new Computed(tree);
        computed.read(configuration);
        return computed.values;
    }

    private void read(Configuration configuration) {
        if (isAbsent("/workers")) {
            values.put(
                    "/workers",
                    new Value(JSON.numberNode(configuration.workers()), ", one for each core"));
        }
        Limits limits = configuration.limits();
        lowered("/limits/flows-per-tenant", 200_000, limits.flowsPerTenant(), "flows");
        lowered("/limits/slots-per-tenant", 200_000, limits.slotsPerTenant(), "flows-per-tenant");
        onRamps(configuration.onramps());
        rules(configuration.policy().rules());
    }

    /** A limit that another one is below. */
    private void lowered(String place, int standard, int value, String by) {
        int written = tree.at(place).isIntegralNumber() ? tree.at(place).intValue() : standard;
        if (value != written) {
            values.put(place, new Value(JSON.numberNode(value), ", lowered to " + by));
        }
    }

    private void onRamps(List<OnRamp> onRamps) {
        for (int i = 0; i < onRamps.size(); i++) {
            String place = "/onramps/" + i;
            switch (onRamps.get(i)) {
                case OnRamp.Seqpacket seqpacket -> {
                    String users = place + "/tunnels-per-user";
                    if (isAbsent(users)) {
                        values.put(
                                users,
                                new Value(JSON.numberNode(seqpacket.tunnelsPerUser()), ", all"));
                    } else {
                        lowered(users, 0, seqpacket.tunnelsPerUser(), "tunnels");
                    }
                }
                case OnRamp.Gue gue -> {
                    if (gue.context() == OnRamp.Gue.Context.PEER) {
                        values.put(place + "/idle", OMITTED);
                    }
                }
                case OnRamp.Tun _, OnRamp.Gre _, OnRamp.Tcp _ -> {}
            }
        }
    }

    private void rules(List<Rule> rules) {
        for (int i = 0; i < rules.size(); i++) {
            String place = "/policy/rules/" + i;
            Rule rule = rules.get(i);
            if (isAbsent(place + "/name")) {
                values.put(
                        place + "/name",
                        new Value(JSON.stringNode(rule.name()), ", by its position"));
            }
            if (rule.action() != Action.UPGRADE) {
                values.put(place + "/handler", OMITTED);
            }
            if (!rule.refuses()) {
                values.put(place + "/audit", OMITTED);
            } else if (isAbsent(place + "/audit") && rule.isAudited()) {
                values.put(
                        place + "/audit",
                        new Value(JSON.booleanNode(true), ", as the policy's \"audit\" has it"));
            }
            if (isAbsent(place + "/via") && !rule.via().isEmpty()) {
                values.put(place + "/via", new Value(JSON.stringNode(rule.via()), ""));
            }
        }
    }

    private boolean isAbsent(String place) {
        return tree.at(place).isMissingNode();
    }
}
