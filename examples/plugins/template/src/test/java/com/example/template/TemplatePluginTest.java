package com.example.template;

import io.culvert.gateway.plugin.kit.PluginKit;
import io.culvert.hook.HttpAnswer;

import org.junit.jupiter.api.Test;

class TemplatePluginTest {
    private static PluginKit kit() throws Exception {
        return PluginKit.of(TemplatePlugin.class)
                .settings("{ ports: [25, 465], paths: [/admin/] }")
                .start();
    }

    @Test
    void refusesThePortsOfItsSettings() throws Exception {
        try (PluginKit kit = kit()) {
            kit.flow("tcp 10.0.0.1:50000 > 192.0.2.1:25").open().assertRefused("port 25");
            kit.flow("tcp [2001:db8::1]:50000 > [2001:db8::2]:465")
                    .open()
                    .assertRefused("port 465");
        }
    }

    @Test
    void refusesRequestsForThePathsOfItsSettings() throws Exception {
        try (PluginKit kit = kit()) {
            kit.flow("tcp 10.0.0.1:50000 > 192.0.2.1:80")
                    .request("GET", "http://example.test/admin/users?all")
                    .send()
                    .assertRefused("path /admin/users");
            kit.flow("tcp [2001:db8::1]:50000 > [2001:db8::2]:80")
                    .request("GET", "http://example.test/")
                    .answered(HttpAnswer.text(200, "hello"))
                    .send()
                    .assertPassed();
        }
    }

    @Test
    void leavesOtherPortsAlone() throws Exception {
        try (PluginKit kit = kit()) {
            kit.flow("tcp 10.0.0.1:50000 > 192.0.2.1:443").open().assertCarried();
        }
    }
}
