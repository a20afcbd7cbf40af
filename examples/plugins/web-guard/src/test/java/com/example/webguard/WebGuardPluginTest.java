package com.example.webguard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.culvert.gateway.plugin.kit.PluginKit;
import io.culvert.hook.Context;
import io.culvert.hook.Endpoint;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.HttpFields;
import io.culvert.hook.HttpHook;
import io.culvert.hook.HttpRequest;
import io.culvert.hook.HttpStage;
import io.culvert.hook.RequestVerdict;
import io.culvert.hook.TunnelInfo;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

class WebGuardPluginTest {
    private static PluginKit start() throws Exception {
        return PluginKit.of(WebGuardPlugin.class)
                .settings(new WebGuardPlugin.Settings(List.of("/admin"), List.of("Drop Table")))
                .start();
    }

    private static HttpRequest request(String method, String target, String type, Context context) {
        FlowInfo flow =
                new FlowInfo(
                        "acme",
                        new TunnelInfo("branch", "", Map.of()),
                        FlowInfo.TCP,
                        Endpoint.parse("10.0.0.1:1234"),
                        Endpoint.parse("192.0.2.1:80"),
                        Context.EMPTY);
        HttpFields fields =
                type.isEmpty() ? HttpFields.NONE : HttpFields.NONE.and("Content-Type", type);
        return new HttpRequest(flow, method, "http", "example.test", target, fields, context);
    }

    private static HttpHook hook(PluginKit kit) {
        return kit.hooks().http().orElseThrow().hook();
    }

    @Test
    void answersForPathsThatNobodyMayAskFor() throws Exception {
        try (PluginKit kit = start()) {
            for (String target : List.of("/admin", "/admin/users?a=b", "/%61dmin/")) {
                RequestVerdict verdict =
                        hook(kit).request(request("GET", target, "", Context.EMPTY));
                assertEquals(
                        404,
                        assertInstanceOf(RequestVerdict.Answer.class, verdict).answer().status());
            }
            for (String target : List.of("/", "/administration", "/a/admin", "/%zz")) {
                assertEquals(
                        RequestVerdict.pass(),
                        hook(kit).request(request("GET", target, "", Context.EMPTY)));
            }
        }
    }

    @Test
    void refusesAFormAtAWordWhereverItIsCut() throws Exception {
        String form = "name=x&note=DROP+%54able%3b&more=y";
        try (PluginKit kit = start()) {
            for (int cut = 1; cut < form.length(); cut++) {
                RequestVerdict.Pass pass =
                        assertInstanceOf(
                                RequestVerdict.Pass.class,
                                hook(kit)
                                        .request(
                                                request(
                                                        "POST",
                                                        "/post",
                                                        "application/x-www-form-urlencoded",
                                                        Context.EMPTY)));
                assertEquals(Set.of(HttpStage.REQUEST_BODY), pass.watched());
                HttpRequest known = request("POST", "/post", "", pass.context());
                Optional<String> first = hook(kit).requestBody(known, bytes(form, 0, cut), false);
                Optional<String> second =
                        hook(kit).requestBody(known, bytes(form, cut, form.length()), true);
                assertEquals(Optional.of("the form holds \"drop table\""), first.or(() -> second));
            }
        }
    }

    private static byte[] bytes(String text, int from, int to) {
        return text.substring(from, to).getBytes(StandardCharsets.US_ASCII);
    }
}
