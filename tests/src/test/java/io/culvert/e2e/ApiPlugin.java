package io.culvert.e2e;

import io.culvert.hook.Hooks;
import io.culvert.hook.Host;
import io.culvert.hook.HttpAnswer;
import io.culvert.hook.HttpFilter;
import io.culvert.hook.HttpRequest;
import io.culvert.hook.NoSettings;
import io.culvert.hook.Plugin;
import io.culvert.hook.RequestVerdict;

/** Serves an API by itself: says who asks for what. */
public final class ApiPlugin implements Plugin<NoSettings> {
    @Override
    public String name() {
        return "api";
    }

    @Override
    public String version() {
        return "1";
    }

    @Override
    public Class<NoSettings> settings() {
        return NoSettings.class;
    }

    @Override
    public Hooks start(NoSettings settings, Host host) {
        return Hooks.none().http(HttpFilter.ALL, ApiPlugin::answer);
    }

    private static RequestVerdict answer(HttpRequest request) {
        String client = request.flow().initiator().address().getHostAddress();
        return RequestVerdict.answer(
                HttpAnswer.text(
                        200, request.flow().tenant() + " " + client + " " + request.path() + "\n"));
    }
}
