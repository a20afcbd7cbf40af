package io.culvert.gateway.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.culvert.gateway.config.ConfigurationFile;
import io.culvert.gateway.config.Loaded;
import io.culvert.wire.IpAddress;

import org.junit.jupiter.api.Test;

class RulingTest {
    private static Policy policy(String yaml) {
        Loaded loaded = ConfigurationFile.read("edge.yaml", yaml);
        return assertInstanceOf(Loaded.Valid.class, loaded, loaded::toString)
                .configuration()
                .policy();
    }

    private static Ruling tcp(Policy policy, int port) {
        return ask(policy, 6, port);
    }

    private static Ruling ask(Policy policy, int protocol, int port) {
        return policy.decide(
                new Policy.Question(
                        "acme",
                        protocol,
                        IpAddress.parse("10.0.0.1"),
                        IpAddress.parse("1.1.1.1"),
                        port));
    }

    @Test
    void namesTheRuleThatDecidedAndWhereItStands() {
        Policy policy =
                policy(
                        """
                        policy:
                          default: forward
                          rules:
                            - { protocol: udp, do: deny }
                            - name: web
                              source: [10.0.0.0/8, 192.0.2.1]
                              protocol: [tcp, 99]
                              ports: [80, 8000-8100]
                              do: forward
                        """);

        Ruling web = tcp(policy, 80);

        assertEquals("web", web.name());
        assertEquals(policy.rules().get(1), web.rule());
        assertEquals("edge.yaml:5", web.where());
        assertEquals(
                "{ source: [10.0.0.0/8, 192.0.2.1/32], protocol: [tcp, 99],"
                        + " ports: [80, 8000-8100], do: forward, via: tunnels }",
                web.text());
        assertEquals("edge.yaml:4", ask(policy, 17, 3).where());
    }

    @Test
    void saysOfTheDefaultThatItIsTheDefault() {
        Ruling ruling = tcp(policy("policy: { default: upgrade }"), 80);

        assertEquals("default", ruling.name());
        assertNull(ruling.rule());
        assertEquals("", ruling.where());
        assertEquals("default: upgrade", ruling.text());
    }

    @Test
    void takesRulesThatSayTheSameForEqualWhereverTheyStand() {
        String rule = "{ name: one, tenant: acme, do: deny }";
        Policy one =
                policy(
                        "onramps: [{ name: a, type: tun, tenant: acme, device: a }]\n"
                                + "policy: { rules: [%s] }".formatted(rule));
        Policy other =
                policy(
                        "onramps: [{ name: a, type: tun, tenant: acme, device: a }]\n\n\n"
                                + "policy: { rules: [%s] }".formatted(rule));

        assertEquals(one.rules(), other.rules());
        assertEquals(one.rules().hashCode(), other.rules().hashCode());
    }
}
