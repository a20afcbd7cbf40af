package com.example.webguard;

import io.culvert.hook.Hooks;
import io.culvert.hook.Host;
import io.culvert.hook.HttpAnswer;
import io.culvert.hook.HttpFields;
import io.culvert.hook.HttpFilter;
import io.culvert.hook.HttpHook;
import io.culvert.hook.HttpRequest;
import io.culvert.hook.HttpStage;
import io.culvert.hook.Plugin;
import io.culvert.hook.Reason;
import io.culvert.hook.RequestVerdict;
import io.culvert.hook.ResponseVerdict;
import io.culvert.hook.Setting;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A firewall for requests, and for what servers tell about themselves. */
public final class WebGuardPlugin implements Plugin<WebGuardPlugin.Settings> {
    /** The plugin's settings. */
    public record Settings(
            @Setting("Paths, with all below them, that are answered with 404") List<String> paths,
            @Setting("Paths, with all below them, that are refused with 403") List<String> refuse,
            @Setting("Where requests for these paths are sent") Map<String, String> moved,
            @Setting("Fields of answers that nobody is to see") List<String> hide,
            @Setting("Statuses on which another server is asked") List<Integer> retry,
            @Setting("What clients read where no server answers") Optional<String> sorry) {}

    @Override
    public String name() {
        return "web-guard";
    }

    @Override
    public String version() {
        return "1.0";
    }

    @Override
    public String description() {
        return "A firewall for requests";
    }

    @Override
    public Class<Settings> settings() {
        return Settings.class;
    }

    @Override
    public Hooks start(Settings settings, Host host) {
        return Hooks.none().http(HttpFilter.ALL, new Guard(settings));
    }

    private record Guard(Settings settings) implements HttpHook {
        @Override
        public RequestVerdict request(HttpRequest request) {
            String path = decoded(request.path());
            if (settings.refuse().stream().anyMatch(one -> isBelow(path, one))) {
                return RequestVerdict.refuse("nobody may ask for " + path);
            }
            if (settings.paths().stream().anyMatch(one -> isBelow(path, one))) {
                return RequestVerdict.answer(HttpAnswer.text(404, "there is no such page\n"));
            }
            String location = settings.moved().get(path);
            return location == null
                    ? RequestVerdict.pass().watch(HttpStage.RESPONSE, HttpStage.ERROR)
                    : RequestVerdict.answer(HttpAnswer.redirect(location));
        }

        @Override
        public ResponseVerdict response(HttpRequest request, HttpAnswer head) {
            if (settings.retry().contains(head.status())) {
                return ResponseVerdict.retry();
            }
            HttpFields shown = head.fields();
            for (String name : settings.hide()) {
                shown = shown.without(name);
            }
            return shown.equals(head.fields())
                    ? ResponseVerdict.pass()
                    : ResponseVerdict.pass().fields(shown);
        }

        @Override
        public HttpAnswer error(HttpRequest request, Reason reason, HttpAnswer own) {
            return settings.sorry()
                    .filter(_ -> own.status() >= 500)
                    .map(text -> HttpAnswer.text(own.status(), text + '\n'))
                    .orElse(own);
        }

        private static boolean isBelow(String path, String one) {
            return path.equals(one) || path.startsWith(one + "/");
        }

        /** A path whose escapes are broken is compared as it is. */
        private static String decoded(String path) {
            try {
                return URLDecoder.decode(path.replace("+", "%2B"), StandardCharsets.UTF_8);
            } catch (IllegalArgumentException broken) {
                return path;
            }
        }
    }
}
