package io.culvert.gateway.config;

import io.culvert.gateway.policy.Policy;
import io.culvert.gateway.policy.Proxying;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * What a rule says of HTTP and TLS, with every reference it makes.
 *
 * @param groups the names of the {@code upstreams}
 * @param certificates whether TLS can be ended with certificates of the operator's
 * @param inspection whether it can with minted ones
 * @param http3 whether HTTP/3 is spoken
 */
record ProxyingReader(
        List<String> groups, boolean certificates, boolean inspection, boolean http3) {
    private static final List<String> HANDLERS = List.of(Policy.HTTP, Policy.AUTO);

    /**
     * @param root of the configuration
     */
    static ProxyingReader of(Section root) {
        List<String> groups =
                root.sections("upstreams").stream()
                        .flatMap(group -> group.text("name").stream())
                        .toList();
        Section tls = root.section("tls");
        return new ProxyingReader(
                groups,
                tls.has("certificates"),
                tls.has("inspect"),
                HttpReader.http3(root.section("http")));
    }

    /**
     * @param handler of the rule; empty where it upgrades nothing
     */
    Proxying read(Section rule, String handler) {
        Proxying proxying = new Proxying(upstream(rule), tls(rule));
        if (proxying.tls().isEmpty() && rule.has("http")) {
            // The policy has to know whether the requests that it asks about come to light.
            proxying =
                    new Proxying(
                            proxying.upstream(),
                            Optional.of(certificates ? Proxying.Tls.TERMINATE : Proxying.Tls.PASS));
        }
        // What has no effect is warned of with what else a rule says in vain.
        return HANDLERS.contains(handler) ? proxying : Proxying.USUAL;
    }

    private Optional<String> upstream(Section rule) {
        Optional<String> group = rule.text("upstream");
        group.filter(name -> !groups.contains(name))
                .ifPresent(
                        name ->
                                rule.wrong(
                                        "upstream",
                                        "no upstreams are named \"%s\"%s"
                                                .formatted(
                                                        Printable.of(name),
                                                        Spelling.hint(name, groups))));
        return group;
    }

    private Optional<Proxying.Tls> tls(Section rule) {
        Optional<Proxying.Tls> tls =
                rule.text("tls")
                        .flatMap(
                                word ->
                                        Arrays.stream(Proxying.Tls.values())
                                                .filter(use -> use.toString().equals(word))
                                                .findFirst());
        tls.ifPresent(use -> checkTls(rule, use));
        return tls;
    }

    private void checkTls(Section rule, Proxying.Tls use) {
        if (use == Proxying.Tls.TERMINATE && !certificates) {
            rule.wrong("tls", "there is no certificate to end TLS with; add tls: certificates");
        } else if (use == Proxying.Tls.INSPECT && !inspection) {
            rule.wrong("tls", "there is no authority to mint certificates; add tls: inspect");
        }
    }
}
