package io.culvert.gateway.plugin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Context;
import io.culvert.hook.Endpoint;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.FlowHook;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.FlowVerdict;
import io.culvert.hook.Hooks;
import io.culvert.hook.Reason;
import io.culvert.hook.TunnelInfo;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** Questions that come up together share a thread while hooks are quick, and nothing else. */
@Timeout(60)
class RoundTest {
    private static final int ENOUGH_TO_BE_KNOWN = 1_000;
    private static final Duration DEADLINE = Duration.ofSeconds(1);

    private final LinkedBlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
    private final AtomicReference<FlowHook> hook = new AtomicReference<>();
    private final HookChain chain;

    RoundTest() throws Exception {
        Hooks hooks = Hooks.none().flow(request -> hook.get().opened(request));
        chain =
                HookChain.of(
                        List.of(LonePlugin.start("one", hooks, DEADLINE, false)),
                        Set.of(),
                        Set.of("out"));
    }

    @AfterEach
    void release() {
        chain.release();
    }

    private Question question(int port) {
        Endpoint initiator = new Endpoint(InetAddress.getLoopbackAddress(), port);
        Endpoint target = new Endpoint(InetAddress.getLoopbackAddress(), 80);
        FlowInfo flow =
                new FlowInfo(
                        "acme",
                        new TunnelInfo("lan", "", Map.of()),
                        FlowInfo.TCP,
                        initiator,
                        target,
                        Context.EMPTY);
        return chain.question(flow, new FlowDecision.Forward("default", "out"), answers::add);
    }

    private Round round(int questions) {
        List<Question> all = new ArrayList<>();
        for (int port = 1; port <= questions; port++) {
            all.add(question(port));
        }
        return new Round(all);
    }

    /** The next answer; nothing comes of its flow. */
    private Answer next() throws InterruptedException {
        Answer answer = answers.poll(30, TimeUnit.SECONDS);
        assertTrue(answer != null, "no answer");
        answer.refused(Reason.SHUTDOWN);
        return answer;
    }

    private static int port(Answer answer) {
        return answer.flow().initiator().port();
    }

    private void becomeQuick() throws InterruptedException {
        hook.set(_ -> FlowVerdict.accept());
        while (!chain.pace().isQuick()) {
            for (int i = 0; i < ENOUGH_TO_BE_KNOWN; i++) {
                question(1).begin();
                assertFalse(next().draft().isRefused());
            }
        }
    }

    @Test
    void quickHooksAreAskedOneAfterTheOtherOnOneThread() throws Exception {
        becomeQuick();
        LinkedBlockingQueue<Thread> threads = new LinkedBlockingQueue<>();
        hook.set(
                _ -> {
                    threads.add(Thread.currentThread());
                    return FlowVerdict.accept();
                });
        round(5).begin();
        for (int port = 1; port <= 5; port++) {
            assertEquals(port, port(next()));
        }
        assertEquals(5, threads.size());
        assertEquals(1, threads.stream().distinct().count());
    }

    @Test
    void hooksThatAreNotKnownToBeQuickAreAskedSideBySide() throws Exception {
        CountDownLatch all = new CountDownLatch(5);
        hook.set(
                _ -> {
                    all.countDown();
                    all.await();
                    return FlowVerdict.accept();
                });
        round(5).begin();
        for (int i = 0; i < 5; i++) {
            assertFalse(next().draft().isRefused());
        }
    }

    @Test
    void anAnswerThatTakesLongHoldsUpNoOtherFlow() throws Exception {
        becomeQuick();
        CountDownLatch held = new CountDownLatch(1);
        CountDownLatch asked = new CountDownLatch(1);
        hook.set(
                request -> {
                    if (request.flow().initiator().port() == 1) {
                        asked.countDown();
                        held.await();
                    }
                    return FlowVerdict.accept();
                });
        Round round = round(3);
        round.begin();
        asked.await();
        assertEquals(0, answers.size());
        round.disperse();
        int one = port(next());
        int other = port(next());
        assertEquals(Set.of(2, 3), Set.of(one, other));
        held.countDown();
        Answer late = next();
        assertEquals(1, port(late));
        assertFalse(late.draft().isRefused());
    }

    @Test
    void whatWasAskedAlreadyIsNotAskedAgainWhenARoundIsDispersed() throws Exception {
        becomeQuick();
        Round round = round(5);
        round.begin();
        for (int port = 1; port <= 5; port++) {
            assertEquals(port, port(next()));
        }
        long before = calls();
        round.disperse();
        question(6).begin();
        assertEquals(6, port(next()));
        assertEquals(before + 1, calls());
    }

    private long calls() {
        long sum = 0;
        for (long each : chain.plugins().getFirst().times().of(HookTimes.Hook.FLOW).counts()) {
            sum += each;
        }
        return sum;
    }

    @Test
    void whoeverIsGivenUpIsInterruptedAndNobodyAfterIt() throws Exception {
        becomeQuick();
        CountDownLatch asked = new CountDownLatch(1);
        hook.set(
                request -> {
                    if (request.flow().initiator().port() == 1) {
                        asked.countDown();
                        new CountDownLatch(1).await();
                    }
                    // Throws where this thread was interrupted.
                    Thread.sleep(1);
                    return FlowVerdict.accept();
                });
        Question first = question(1);
        Question second = question(2);
        new Round(List.of(first, second)).begin();
        asked.await();
        first.expire(System.nanoTime() + DEADLINE.toNanos() + 1);
        Answer one = next();
        Answer other = next();
        Answer late = port(one) == 1 ? one : other;
        Answer following = port(one) == 1 ? other : one;
        assertEquals(Reason.HOOK_TIMEOUT, ((FlowDecision.Refuse) late.decision()).reason());
        assertEquals(2, port(following));
        assertFalse(following.draft().isRefused(), () -> following.decision().toString());
    }

    @Test
    void hooksThatTakeLongAreNotQuickAnyMore() throws Exception {
        becomeQuick();
        hook.set(
                _ -> {
                    Thread.sleep(20);
                    return FlowVerdict.accept();
                });
        question(1).begin();
        next();
        assertFalse(chain.pace().isQuick());
    }
}
