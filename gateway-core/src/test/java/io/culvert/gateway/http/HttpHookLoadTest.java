package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.upstream.Protocol;
import io.culvert.hook.HttpAnswer;
import io.culvert.hook.HttpHook;
import io.culvert.hook.HttpRequest;
import io.culvert.hook.RequestVerdict;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Hooks that throw and hang, many at once: each request gets the status that is promised, and when
 * the proxy is closed nobody has the plugin any more, which every call that goes on would.
 */
class HttpHookLoadTest {
    private static final int CONNECTIONS = 8;
    private static final int REQUESTS = 60;

    /** Throws, hangs until it is given up, or answers. */
    private static final class Bad implements HttpHook {
        final CountDownLatch never = new CountDownLatch(1);
        final AtomicInteger inside = new AtomicInteger();

        @Override
        public RequestVerdict request(HttpRequest request) throws InterruptedException {
            inside.incrementAndGet();
            try {
                switch (request.path()) {
                    case "/throw" -> throw new IllegalStateException("on purpose");
                    case "/hang" -> never.await();
                    default -> {}
                }
                return RequestVerdict.answer(HttpAnswer.text(200, "ok"));
            } finally {
                inside.decrementAndGet();
            }
        }
    }

    @Test
    void requestsThatHooksThrowAtOrHangWithEndAsIsPromisedAndLeaveNothing() throws Exception {
        Bad hook = new Bad();
        try (HookedProxy proxy = new HookedProxy(Protocol.HTTP1)) {
            proxy.useHastily(hook);
            List<FrameScript> clients = new ArrayList<>();
            try {
                for (int i = 0; i < CONNECTIONS; i++) {
                    clients.add(FrameScript.connect(proxy.proxy().address()));
                }
                for (int i = 0; i < REQUESTS; i++) {
                    for (FrameScript client : clients) {
                        client.headers(2 * i + 1, true, head(i));
                    }
                }
                for (FrameScript client : clients) {
                    check(client);
                }
            } finally {
                for (FrameScript client : clients) {
                    client.close();
                }
            }
        }
        assertEquals(0, hook.inside.get());
    }

    private static String head(int number) {
        String path = number % 3 == 0 ? "/throw" : number % 3 == 1 ? "/hang" : "/ok";
        return ":method GET|:scheme http|:authority a|:path " + path;
    }

    /** Answers come in whatever order. */
    private static void check(FrameScript client) throws IOException {
        String[] statuses = new String[REQUESTS];
        for (int i = 0; i < REQUESTS; i++) {
            String head = client.until("HEADERS");
            int stream = Integer.parseInt(head.split(" ", 3)[1]);
            statuses[stream / 2] = head;
        }
        for (int i = 0; i < REQUESTS; i++) {
            String head = statuses[i];
            boolean promised =
                    switch (i % 3) {
                        case 0 -> head.contains("=HOOK_FAILED ");
                        case 1 -> head.contains("=HOOK_TIMEOUT ");
                        default -> head.contains(":status=200 ");
                    };
            // While many hang, nobody is asked any more, and those who wait are late.
            boolean busy = head.contains("=HOOK_OVERLOAD ") || head.contains("=HOOK_TIMEOUT ");
            assertTrue(promised || busy, head);
            assertTrue(head.contains(":status=200 ") || head.contains(":status=503 "), head);
        }
    }
}
