package io.culvert.gateway.plugin.kit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.culvert.hook.BodyVerdict;
import io.culvert.hook.Hooks;
import io.culvert.hook.Host;
import io.culvert.hook.HttpAnswer;
import io.culvert.hook.HttpFields;
import io.culvert.hook.HttpFilter;
import io.culvert.hook.HttpHook;
import io.culvert.hook.HttpRequest;
import io.culvert.hook.HttpStage;
import io.culvert.hook.HttpSummary;
import io.culvert.hook.NoSettings;
import io.culvert.hook.Plugin;
import io.culvert.hook.Reason;
import io.culvert.hook.RequestVerdict;
import io.culvert.hook.ResponseVerdict;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

class HttpQuestionTest {
    private static final BlockingQueue<HttpSummary> ENDS = new LinkedBlockingQueue<>();

    private PluginKit kit;

    /** Does as the path says. */
    public static final class Obedient implements Plugin<NoSettings>, HttpHook {
        @Override
        public String name() {
            return "obedient";
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
            return Hooks.none().http(HttpFilter.methods("GET", "POST"), this);
        }

        @Override
        public RequestVerdict request(HttpRequest request) {
            return switch (request.path()) {
                case "/answer" -> RequestVerdict.answer(HttpAnswer.text(404, "none"));
                case "/refuse" -> RequestVerdict.refuse("on purpose");
                case "/throw" -> throw new IllegalStateException("on purpose");
                case "/group" -> RequestVerdict.pass().upstream("others").target("/b?c");
                default ->
                        RequestVerdict.pass()
                                .fields(request.fields().and("x-hook", "1").and("host", "other"))
                                .changeBody()
                                .watch(HttpStage.RESPONSE, HttpStage.ERROR, HttpStage.END);
            };
        }

        @Override
        public BodyVerdict requestBody(HttpRequest request, byte[] piece, boolean last) {
            return capitals(piece);
        }

        @Override
        public ResponseVerdict response(HttpRequest request, HttpAnswer head) {
            return switch (head.status()) {
                case 500 -> ResponseVerdict.retry();
                case 501 -> ResponseVerdict.answer(HttpAnswer.text(200, "instead"));
                default -> ResponseVerdict.pass().changeBody();
            };
        }

        @Override
        public BodyVerdict responseBody(HttpRequest request, byte[] piece, boolean last) {
            return capitals(piece);
        }

        private static BodyVerdict capitals(byte[] piece) {
            String text = new String(piece, StandardCharsets.UTF_8);
            return text.equals("virus")
                    ? BodyVerdict.refuse("a virus")
                    : BodyVerdict.replace(
                            text.toUpperCase(Locale.ROOT).getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public HttpAnswer error(HttpRequest request, Reason reason, HttpAnswer own) {
            return HttpAnswer.text(own.status(), reason.name());
        }

        @Override
        public void over(HttpSummary summary) {
            ENDS.add(summary);
        }
    }

    @BeforeEach
    void start() throws Exception {
        ENDS.clear();
        kit = PluginKit.of(Obedient.class).start();
    }

    @AfterEach
    void stop() {
        kit.close();
    }

    private HttpQuestion request(String method, String path) {
        return kit.flow("tcp 10.0.0.1:1 > 10.0.0.2:80").request(method, "http://a.test" + path);
    }

    @Test
    void saysWhatTheServerAndTheClientGetOfBodiesAndHeads() {
        HttpOutcome outcome =
                request("POST", "/a?b")
                        .field("x-own", "1")
                        .body("one", "two")
                        .answered(201, HttpFields.NONE.and("x-server", "1"), "th", "ree")
                        .send()
                        .assertPassed();

        assertEquals("/a?b", outcome.server().target());
        assertEquals(
                HttpFields.NONE.and("x-own", "1").and("x-hook", "1"), outcome.server().fields());
        assertEquals("ONETWO", outcome.serverBody());
        assertEquals(201, outcome.client().status());
        assertEquals("THREE", outcome.clientBody());
        HttpSummary summary = ENDS.remove();
        assertEquals(201, summary.status());
        assertEquals(6, summary.requestBytes());
        assertEquals(5, summary.responseBytes());
    }

    @Test
    void asksNobodyAboutWhatTheFilterDoesNotMatch() {
        HttpOutcome outcome = request("PUT", "/answer").body("a").send().assertPassed();
        assertEquals("a", outcome.serverBody());
    }

    @Test
    void tellsAnswersAndRefusalsApart() {
        request("GET", "/answer").send().assertAnswered(404);
        request("GET", "/refuse").send().assertRefused("on purpose");
        request("POST", "/").body("ok", "virus").send().assertRefused("a virus");
        request("GET", "/")
                .answered(200, HttpFields.NONE, "ok", "virus")
                .send()
                .assertCut("a virus")
                .assertReason(Reason.HOOK_REFUSED);
        HttpOutcome passed = request("GET", "/").send();
        assertThrows(AssertionError.class, () -> passed.assertAnswered(200));
        assertThrows(AssertionError.class, () -> passed.assertRefused("a virus"));
    }

    @Test
    void keepsWhatAHookThrows() {
        HttpOutcome outcome = request("GET", "/throw").send().assertReason(Reason.HOOK_FAILED);
        assertEquals(503, outcome.client().status());
        assertInstanceOf(IllegalStateException.class, outcome.failure().orElseThrow());
        assertThrows(AssertionError.class, outcome::server);
    }

    @Test
    void sendsARequestToAnotherGroupThatThereIs() {
        HttpOutcome outcome = request("GET", "/group").upstream("others").send().assertPassed();
        assertEquals(Optional.of("others"), outcome.upstream());
        assertEquals("/b?c", outcome.server().target());
        request("GET", "/group").send().assertReason(Reason.HOOK_FAILED);
    }

    @Test
    void asksAnotherServerOnlyWhereNothingOfABodyWasSent() {
        HttpAnswer oops = HttpAnswer.text(500, "oops");
        HttpAnswer fine = HttpAnswer.text(200, "fine");
        HttpOutcome again = request("GET", "/").answered(oops).answered(fine).send();
        assertEquals("FINE", again.assertPassed().clientBody());
        HttpOutcome once = request("POST", "/").body("a").answered(oops).answered(fine).send();
        assertEquals(500, once.assertPassed().client().status());
        assertEquals(
                "instead",
                request("GET", "/").answered(HttpAnswer.text(501, "")).send().clientBody());
    }

    @Test
    void hasThePluginsPageWhereNobodyAnswers() {
        HttpOutcome outcome =
                request("GET", "/")
                        .unanswered(Reason.DIAL_TIMEOUT)
                        .send()
                        .assertReason(Reason.DIAL_TIMEOUT);
        assertEquals(504, outcome.client().status());
        assertEquals("DIAL_TIMEOUT", outcome.clientBody());
        assertEquals(Optional.of(Reason.DIAL_TIMEOUT), ENDS.remove().reason());
    }
}
