package com.example.webguard;

import io.culvert.hook.Hooks;
import io.culvert.hook.Host;
import io.culvert.hook.HttpAnswer;
import io.culvert.hook.HttpFilter;
import io.culvert.hook.HttpHook;
import io.culvert.hook.HttpRequest;
import io.culvert.hook.HttpStage;
import io.culvert.hook.Plugin;
import io.culvert.hook.RequestVerdict;
import io.culvert.hook.Setting;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Answers requests for certain paths with 404, and refuses forms that hold certain words. */
public final class WebGuardPlugin implements Plugin<WebGuardPlugin.Settings> {
    private static final String FORM = "application/x-www-form-urlencoded";

    /** The plugin's settings. */
    public record Settings(
            @Setting("Paths, with all below them, that nobody may ask for") List<String> paths,
            @Setting("Words that no form may hold, in whatever case") List<String> words) {}

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
        return "A firewall for requests, and a scanner of forms";
    }

    @Override
    public Class<Settings> settings() {
        return Settings.class;
    }

    @Override
    public Hooks start(Settings settings, Host host) {
        return Hooks.none().http(HttpFilter.ALL, new Guard(settings));
    }

    private static final class Guard implements HttpHook {
        private final List<String> paths;
        private final List<String> words;

        Guard(Settings settings) {
            paths = settings.paths();
            words = settings.words().stream().map(word -> word.toLowerCase(Locale.ROOT)).toList();
        }

        @Override
        public RequestVerdict request(HttpRequest request) {
            String path = decoded(request.path());
            if (paths.stream().anyMatch(one -> path.equals(one) || path.startsWith(one + "/"))) {
                return RequestVerdict.answer(HttpAnswer.text(404, "there is no such page\n"));
            }
            boolean form =
                    request.fields()
                            .first("content-type")
                            .filter(type -> type.toLowerCase(Locale.ROOT).startsWith(FORM))
                            .isPresent();
            return form
                    ? RequestVerdict.pass().watch(HttpStage.REQUEST_BODY).with(new Form(words))
                    : RequestVerdict.pass();
        }

        @Override
        public Optional<String> requestBody(HttpRequest request, byte[] piece, boolean last) {
            return request.context().get(Form.class).orElseThrow().read(piece);
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

    /** A form as it comes in; of what was read as much is kept as a word may be cut by a piece. */
    private static final class Form {
        private static final int KEPT = 1024;

        private final List<String> words;
        private String end = "";

        Form(List<String> words) {
            this.words = words;
        }

        /** Called for one piece after the other. */
        synchronized Optional<String> read(byte[] piece) {
            String text = end + new String(piece, StandardCharsets.ISO_8859_1);
            String plain = decoded(text).toLowerCase(Locale.ROOT);
            end = text.substring(Math.max(0, text.length() - KEPT));
            return words.stream()
                    .filter(plain::contains)
                    .findFirst()
                    .map(word -> "the form holds \"" + word + '"');
        }

        /** An escape that is cut, or none, stays as it is. */
        private static String decoded(String text) {
            StringBuilder plain = new StringBuilder();
            for (int i = 0; i < text.length(); i++) {
                char each = text.charAt(i);
                int high = each == '%' && i + 2 < text.length() ? digit(text, i + 1) : -1;
                int low = high < 0 ? -1 : digit(text, i + 2);
                if (low >= 0) {
                    plain.append((char) (16 * high + low));
                    i += 2;
                } else {
                    plain.append(each == '+' ? ' ' : each);
                }
            }
            return plain.toString();
        }

        private static int digit(String text, int at) {
            return Character.digit(text.charAt(at), 16);
        }
    }
}
