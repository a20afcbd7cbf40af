package io.culvert.gateway.capture;

import io.culvert.linux.Errno;
import io.culvert.linux.Link;
import io.culvert.linux.NetworkChange;
import io.culvert.linux.Route;
import io.culvert.linux.Rtnetlink;
import io.culvert.linux.Rule;
import io.culvert.linux.SyscallException;
import io.culvert.tun.TunDevice;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The rules, routes and forwarding of one on-ramp that captures. Asks the kernel for the whole of
 * it each time and makes the difference, so that it does not matter what was missed; remembers
 * nothing but where it has switched forwarding on.
 *
 * <p>Threading: one thread at a time, in the namespace.
 */
final class Steering {
    private static final Logger LOG = LoggerFactory.getLogger(Steering.class);

    private final String onRamp;
    private final TunDevice device;
    private List<String> interfaces;
    private final Rtnetlink rtnetlink;
    private final Forwarding forwarding;
    private final CaptureRules rules;
    private final List<Boolean> families = HostFamilies.present();

    /** Where forwarding was switched on here, and which interface had that name then. */
    private final Map<Switch, Integer> switchedOn = new HashMap<>();

    /** The interfaces, by name, that there were when last looked. */
    private final Map<String, Link> present = new HashMap<>();

    private final Set<String> said = new HashSet<>();

    private record Switch(String device, boolean ipv6) {}

    Steering(
            String onRamp,
            TunDevice device,
            List<String> interfaces,
            Rtnetlink rtnetlink,
            Forwarding forwarding)
            throws SyscallException {
        this.onRamp = onRamp;
        this.device = device;
        this.interfaces = List.copyOf(interfaces);
        this.rtnetlink = rtnetlink;
        this.forwarding = forwarding;
        rules = new CaptureRules(device.name(), Tables.free(rtnetlink, device.index()));
    }

    /**
     * Captures other interfaces from now on; what is captured before and after is so all the time.
     *
     * @throws IOException with a sentence for the operator; then those before are captured
     */
    void capture(List<String> next) throws IOException {
        List<String> before = interfaces;
        List<String> added = next.stream().filter(one -> !before.contains(one)).toList();
        try {
            interfaces = added;
            refuseCapturedTwice();
            interfaces = List.copyOf(next);
            switchOff(one -> !next.contains(one.device()));
            apply(true);
        } catch (IOException | RuntimeException e) {
            interfaces = before;
            apply(false);
            throw e;
        }
    }

    /**
     * @throws IOException where a gateway that lives captures one of the interfaces already
     */
    void refuseCapturedTwice() throws IOException {
        for (boolean ipv6 : families) {
            List<Rule> gateways =
                    rtnetlink.rules(ipv6).stream().filter(CaptureRules::isGateways).toList();
            for (Rule rule : gateways) {
                if (CaptureRules.captures(rule) && interfaces.contains(rule.inputInterface())) {
                    String other =
                            gateways.stream()
                                    .filter(one -> Tables.of(rule.table()).contain(one.table()))
                                    .map(CaptureRules::deviceOf)
                                    .flatMap(Optional::stream)
                                    .findFirst()
                                    .orElse("of another name");
                    throw new IOException(
                            "on-ramp %s: %s is captured by a gateway already, through its device %s"
                                    .formatted(onRamp, rule.inputInterface(), other));
                }
            }
        }
    }

    /**
     * Makes the difference between what there should be and what there is.
     *
     * @param first whether this is at the start, where what is refused is a reason not to
     */
    void apply(boolean first) throws IOException {
        look();
        List<Switch> toSwitch = new ArrayList<>();
        for (Link link : present.values()) {
            for (boolean ipv6 : families) {
                if (forwarding.state(link.name(), ipv6) == Forwarding.State.OFF) {
                    Switch one = new Switch(link.name(), ipv6);
                    switchedOn.put(one, link.index());
                    toSwitch.add(one);
                }
            }
        }
        // Noted first by a rule, so that it is found should this process be killed in between.
        applyRules(
                rules.all(
                        families,
                        interfaces,
                        (name, ipv6) -> switchedOn.containsKey(new Switch(name, ipv6))));
        for (Switch one : toSwitch) {
            forwarding.set(one.device(), one.ipv6(), true);
            LOG.info("{} is 1 now, and was 0", forwarding.file(one.device(), one.ipv6()));
        }
        for (boolean ipv6 : families) {
            applyRoutes(ipv6, first);
        }
    }

    private void look() throws SyscallException {
        Map<String, Link> found = new HashMap<>();
        for (Link link : rtnetlink.links()) {
            if (interfaces.contains(link.name())) {
                found.put(link.name(), link);
            }
        }
        for (String one : interfaces) {
            Link link = found.get(one);
            if (link == null) {
                say(
                        "%s is not there; it is captured once it is".formatted(one),
                        present.containsKey(one));
            } else if (link.mtu() < device.mtu()) {
                say(
                        ("%s takes packets of %d bytes at most, and gets longer ones from %s, which"
                                        + " are lost; set mtu: %2$d in the configuration")
                                .formatted(one, link.mtu(), device.name()),
                        false);
            }
        }
        // One that came back has nothing of what was set before.
        switchedOn
                .entrySet()
                .removeIf(
                        one -> {
                            Link link = found.get(one.getKey().device());
                            return link == null || link.index() != one.getValue();
                        });
        present.clear();
        present.putAll(found);
    }

    /** Once, or again where something has happened. */
    private void say(String sentence, boolean again) {
        if (said.add(sentence) || again) {
            LOG.warn("On-ramp {}: {}", onRamp, sentence);
        }
    }

    private List<Rule> ownRules() throws SyscallException {
        List<Rule> own = new ArrayList<>();
        for (boolean ipv6 : families) {
            rtnetlink.rules(ipv6).stream()
                    .filter(CaptureRules::isGateways)
                    .filter(rule -> rules.tables().contain(rule.table()))
                    .forEach(own::add);
        }
        return own;
    }

    private void applyRules(List<Rule> wanted) throws SyscallException {
        List<Rule> there = ownRules();
        for (Rule rule : wanted) {
            if (!there.contains(rule)) {
                try {
                    rtnetlink.addRule(rule);
                } catch (SyscallException e) {
                    if (e.errno() != Errno.EEXIST) {
                        throw e;
                    }
                }
            }
        }
        for (Rule rule : CaptureRules.lastFirst(there)) {
            if (!wanted.contains(rule)) {
                LeftBehind.delete(() -> rtnetlink.deleteRule(rule));
            }
        }
    }

    private void applyRoutes(boolean ipv6, boolean first) throws SyscallException {
        List<Route> host = rtnetlink.routes(ipv6);
        Route inwards =
                Route.through(ReturnRoutes.any(ipv6), 0, device.index())
                        .in(rules.tables().inwards());
        List<Integer> up =
                interfaces.stream()
                        .map(present::get)
                        .filter(link -> link != null && link.up())
                        .map(Link::index)
                        .toList();
        List<Route> wanted = new ArrayList<>();
        wanted.add(inwards);
        wanted.addAll(
                ReturnRoutes.of(host, ipv6, up, interfaces.size() == 1, rules.tables().outwards()));
        for (Route route : host) {
            if (rules.tables().contain(route.table()) && !wanted.contains(route)) {
                LeftBehind.delete(() -> rtnetlink.deleteRoute(route));
            }
        }
        for (Route route : wanted) {
            if (!host.contains(route)) {
                add(route, first && !ipv6 && route.equals(inwards));
            }
        }
    }

    /**
     * @param needed whether there is no going on without it; else the interface may be down by now,
     *     which will be heard of, or lack the family
     */
    private void add(Route route, boolean needed) throws SyscallException {
        try {
            rtnetlink.addRoute(route);
        } catch (SyscallException e) {
            if (needed || e.errno() == Errno.EPERM) {
                throw e;
            }
            if (e.errno() != Errno.EEXIST) {
                LOG.debug("On-ramp {}: no route {}", onRamp, route, e);
            }
        }
    }

    /**
     * Whether there may be something to do. What this object itself adds is no reason, or one
     * change would follow another for ever.
     */
    boolean concerns(NetworkChange change) {
        boolean own = rules.tables().contain(change.table());
        return switch (change.kind()) {
            case UNKNOWN -> true;
            case LINK ->
                    interfaces.contains(change.device())
                            || change.device().equals(device.name())
                            || isPresent(change.index());
            case ROUTE ->
                    Tables.mayBe(change.table())
                            ? own && change.gone()
                            : change.index() == 0 || isPresent(change.index());
            case RULE -> own && change.gone();
        };
    }

    private boolean isPresent(int index) {
        return present.values().stream().anyMatch(link -> link.index() == index);
    }

    /** Removes all that this object has made. */
    void undo() throws IOException {
        // First, so that the host does not route for a moment what it did not route before.
        switchOff(one -> true);
        for (Rule rule : CaptureRules.lastFirst(ownRules())) {
            LeftBehind.delete(() -> rtnetlink.deleteRule(rule));
        }
        for (boolean ipv6 : families) {
            for (Route route : rtnetlink.routes(ipv6)) {
                if (rules.tables().contain(route.table())) {
                    LeftBehind.delete(() -> rtnetlink.deleteRoute(route));
                }
            }
        }
    }

    private void switchOff(Predicate<Switch> which) throws IOException {
        for (var one : switchedOn.entrySet()) {
            String name = one.getKey().device();
            if (which.test(one.getKey())
                    && rtnetlink.link(name).map(Link::index).equals(Optional.of(one.getValue()))) {
                forwarding.set(name, one.getKey().ipv6(), false);
            }
        }
        switchedOn.keySet().removeIf(which);
    }
}
