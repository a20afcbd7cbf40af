package io.culvert.gateway.plugin;

import io.culvert.gateway.policy.Policy;
import io.culvert.gateway.policy.Protocol;
import io.culvert.hook.FlowDecision;
import io.culvert.wire.IpProtocol;

import java.util.Set;

/**
 * The names that a decision may have. Immutable.
 *
 * @param sockets off-ramps for sockets
 * @param devices off-ramps for packets
 * @param handlers of plugins
 */
record WaysOut(Set<String> sockets, Set<String> devices, Set<String> handlers) {
    private static final String TUNNELS = "tunnels";

    WaysOut {
        sockets = Set.copyOf(sockets);
        devices = Set.copyOf(devices);
        handlers = Set.copyOf(handlers);
    }

    /**
     * Compares a plugin's decision with what there is.
     *
     * @throws PluginException where the gateway cannot do that
     */
    void check(int protocol, FlowDecision decision) throws PluginException {
        switch (decision) {
            case FlowDecision.Refuse refuse -> {}
            case FlowDecision.Forward(String by, String via) ->
                    require(
                            via.equals(TUNNELS) || devices.contains(via),
                            "there is no off-ramp \"%s\" for packets",
                            via);
            case FlowDecision.Upgrade upgrade -> check(protocol, upgrade);
        }
    }

    private void check(int protocol, FlowDecision.Upgrade upgrade) throws PluginException {
        boolean intoTunnel = upgrade.via().equals(TUNNELS);
        require(
                Protocol.isUpgradable(protocol),
                "a flow of IP protocol %s cannot become a socket",
                protocol);
        require(
                intoTunnel || sockets.contains(upgrade.via()),
                "there is no off-ramp \"%s\" for sockets",
                upgrade.via());
        require(
                Policy.isBuiltIn(upgrade.handler())
                        || (protocol == IpProtocol.TCP && handlers.contains(upgrade.handler())),
                "there is no handler \"%s\" for it",
                upgrade.handler());
        require(
                !intoTunnel || (upgrade.upstream().isEmpty() && upgrade.source().isEmpty()),
                "a flow into a tunnel has neither an upstream nor a source: %s",
                upgrade.upstream());
    }

    private static void require(boolean holds, String otherwise, Object what)
            throws PluginException {
        if (!holds) {
            throw new PluginException(otherwise.formatted(what));
        }
    }
}
