package io.culvert.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Scanner;

/** What a flow takes of the heap, measured in a JVM of its own with the options of this one. */
class FlowMemoryTest {
    private static final int FLOWS = 1_000_000;

    /** Above what Caffeine itself needs for an entry. */
    private static final double MOST_BYTES = 200;

    /** What the state of a forwarded TCP connection adds. */
    private static final double MOST_BYTES_OF_TRACKER = 96.5;

    @Test
    void holdsAMillionIdleFlowsInOneGibibyte(TestReporter reporter) throws Exception {
        Scanner figures = new Scanner(run()).useLocale(Locale.ROOT);
        int flows = figures.nextInt();
        double perFlow = figures.nextDouble();
        double ofCaffeine = figures.nextDouble();
        reporter.publishEntry("bytes per flow", Double.toString(perFlow));
        double perTracker = figures.nextDouble();
        reporter.publishEntry("of these Caffeine's", Double.toString(ofCaffeine));
        reporter.publishEntry("bytes per tracker", Double.toString(perTracker));

        assertEquals(FLOWS, flows);
        assertTrue(perFlow - ofCaffeine > 64, "implausible: " + perFlow + " - " + ofCaffeine);
        assertTrue(
                perFlow - ofCaffeine <= MOST_BYTES,
                () -> "bytes of a flow: " + (perFlow - ofCaffeine));
        assertTrue(perTracker > 32, "implausible: " + perTracker);
        assertTrue(perTracker <= MOST_BYTES_OF_TRACKER, () -> "bytes of a tracker: " + perTracker);
    }

    private static String run() throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        for (String option : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (option.startsWith("-X") || option.startsWith("--enable")) {
                command.add(option);
            }
        }
        command.addAll(List.of("-Xmx1g", "-XX:+UseG1GC", "-cp"));
        command.add(System.getProperty("java.class.path"));
        command.addAll(List.of(IdleFlows.class.getName(), Integer.toString(FLOWS)));
        Process child = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output =
                new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertEquals(0, child.waitFor(), output);
        return output;
    }
}
