package io.culvert.gateway.capture;

import io.culvert.linux.Errno;
import io.culvert.linux.Route;
import io.culvert.linux.Rtnetlink;
import io.culvert.linux.Rule;
import io.culvert.linux.SyscallException;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What gateways have left in a network namespace that were killed: rules, routes, and forwarding
 * that they switched on. A gateway lives where it has its device open, which every process sees by
 * the device's carrier.
 *
 * <p>Called in the namespace's thread.
 */
final class LeftBehind {
    private static final Logger LOG = LoggerFactory.getLogger(LeftBehind.class);

    private LeftBehind() {}

    /**
     * Removes all of it.
     *
     * @param own a device that this process has opened by now, so that nobody else can have it
     */
    static void remove(Rtnetlink rtnetlink, Forwarding forwarding, String own) throws IOException {
        Map<Tables, List<Rule>> gateways = new HashMap<>();
        for (boolean ipv6 : HostFamilies.present()) {
            for (Rule rule : rtnetlink.rules(ipv6)) {
                if (CaptureRules.isGateways(rule)) {
                    gateways.computeIfAbsent(Tables.of(rule.table()), _ -> new ArrayList<>())
                            .add(rule);
                }
            }
        }
        for (var gateway : gateways.entrySet()) {
            Optional<String> device = deviceOf(gateway.getValue());
            boolean lives =
                    device.isPresent()
                            && !device.get().equals(own)
                            && rtnetlink.hasCarrier(device.get());
            if (!lives) {
                LOG.info(
                        "Rules for {}, whose gateway is gone, are removed",
                        device.orElse("a device"));
                remove(rtnetlink, forwarding, gateway.getKey(), gateway.getValue());
            }
        }
    }

    private static Optional<String> deviceOf(List<Rule> rules) {
        return rules.stream().map(CaptureRules::deviceOf).flatMap(Optional::stream).findFirst();
    }

    private static void remove(
            Rtnetlink rtnetlink, Forwarding forwarding, Tables tables, List<Rule> rules)
            throws IOException {
        for (Rule rule : rules) {
            if (CaptureRules.notesForwarding(rule)) {
                forwarding.set(rule.inputInterface(), rule.ipv6(), false);
            }
        }
        for (Rule rule : CaptureRules.lastFirst(rules)) {
            delete(() -> rtnetlink.deleteRule(rule));
        }
        for (boolean ipv6 : HostFamilies.present()) {
            for (Route route : rtnetlink.routes(ipv6)) {
                if (tables.contain(route.table())) {
                    delete(() -> rtnetlink.deleteRoute(route));
                }
            }
        }
    }

    /** A deletion of something that may be gone by now. */
    @FunctionalInterface
    interface Deletion {
        void run() throws SyscallException;
    }

    /** Nothing where it is gone: the other way to the same end. */
    static void delete(Deletion deletion) throws SyscallException {
        try {
            deletion.run();
        } catch (SyscallException e) {
            if (e.errno() != Errno.ENOENT
                    && e.errno() != Errno.ESRCH
                    && e.errno() != Errno.ENODEV) {
                throw e;
            }
        }
    }
}
