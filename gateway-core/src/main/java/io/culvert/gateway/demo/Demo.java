package io.culvert.gateway.demo;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The demonstration from beginning to end: sets the stage, plays every scene, says what was
 * measured and whether all was given back.
 *
 * <p>Everything is bounded: a scene that takes too long has failed, and so have those for which no
 * time is left.
 */
public final class Demo {
    private static final List<String> PICTURE =
            List.of(
                    "  acme    10.0.0.2  fd00:10::2 --- TUN ---.",
                    "                                          +-- gateway --- veth --- server"
                            + " 198.51.100.10",
                    "  globex  10.0.0.2  fd00:10::2 --- TUN ---'                              "
                            + " 2001:db8:100::10");

    private final Screen screen;
    private final ExecutorService actors =
            Executors.newCachedThreadPool(
                    Thread.ofPlatform().daemon().name("demo-scene-", 0).factory());

    private Demo(Screen screen) {
        this.screen = screen;
    }

    /**
     * Plays the demonstration.
     *
     * @param afterwards keeps the stage up for a person to play on; empty to end at once
     * @return whether everything was as expected
     * @throws IOException when the stage cannot be set, with a sentence
     */
    public static boolean play(Screen screen, Optional<Shell> afterwards)
            throws IOException, InterruptedException {
        return play(screen, afterwards, Scenes.all());
    }

    /** The same with other scenes. */
    static boolean play(Screen screen, Optional<Shell> afterwards, List<Scene> scenes)
            throws IOException, InterruptedException {
        Demo demo = new Demo(screen);
        try {
            return demo.play(afterwards, scenes);
        } finally {
            demo.actors.shutdownNow();
        }
    }

    private boolean play(Optional<Shell> afterwards, List<Scene> scenes)
            throws IOException, InterruptedException {
        screen.heading("A gateway, two tenants and a server, each in a network namespace:");
        PICTURE.forEach(screen::line);
        long start = System.nanoTime();
        try (Stage stage = Stage.open()) {
            screen.line("  ready after " + Amounts.time(System.nanoTime() - start));
            screen.line("");
            screen.table(() -> stage.board().rows(stage.gateway()));
            boolean good = playScenes(stage, scenes);
            if (afterwards.isPresent()) {
                afterwards.get().run(stage, screen);
            }
            return good;
        }
    }

    private boolean playScenes(Stage stage, List<Scene> scenes)
            throws IOException, InterruptedException {
        Holdings before = Holdings.of(stage.gateway());
        long start = System.nanoTime();
        int good = 0;
        for (Scene scene : scenes) {
            Duration left = Patience.SCENES.minusNanos(System.nanoTime() - start);
            good += play(scene, stage, left) ? 1 : 0;
        }
        Summary summary = Summary.of(stage, good, scenes.size(), System.nanoTime() - start, before);
        screen.line("");
        screen.heading(summary.isGood() ? "All as expected." : "NOT as expected.");
        summary.lines().forEach(screen::line);
        return summary.isGood();
    }

    private boolean play(Scene scene, Stage stage, Duration left) throws InterruptedException {
        screen.begin(scene.title());
        Duration limit = left.compareTo(Patience.SCENE) < 0 ? left : Patience.SCENE;
        if (limit.isNegative() || limit.isZero()) {
            screen.bad(scene.expectation(), "nothing, the scenes before took all the time");
            return false;
        }
        Future<String> played = actors.submit(() -> scene.play(stage));
        try {
            screen.good(played.get(limit.toNanos(), TimeUnit.NANOSECONDS));
            return true;
        } catch (ExecutionException e) {
            screen.bad(scene.expectation(), seen(e.getCause()));
        } catch (TimeoutException e) {
            screen.bad(scene.expectation(), "no end within " + Amounts.time(limit.toNanos()));
        }
        return false;
    }

    private static String seen(Throwable failure) {
        return failure instanceof IOException && failure.getMessage() != null
                ? failure.getMessage()
                : failure.toString();
    }
}
