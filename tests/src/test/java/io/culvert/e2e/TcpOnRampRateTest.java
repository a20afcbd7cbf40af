package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/** A rule's rate in bytes, and connections that have no packets: nothing is lost, all is late. */
@Timeout(120)
class TcpOnRampRateTest {
    private static final int KIB = 1024;
    private static final int RATE = 512 * KIB;
    private static final int LENGTH = 3 * 1024 * KIB;

    /**
     * How long so much takes at least: a second's worth may pass at once, and of each direction, on
     * either way, what is read at once before it is paid.
     */
    private static final long LEAST_MILLIS = 1000L * (LENGTH - 3 * RATE) / RATE;

    @TempDir private Path directory;

    private static FrontDoor open(Family family, String handler) throws Exception {
        return FrontDoor.open(
                "onramps:\n"
                        + FrontDoor.onRamp(
                                "target: \"" + FrontDoor.at(family.server(), Nginx.PORT) + "\"")
                        + """
                        policy:
                          rules:
                            - name: all
                              protocol: tcp
                              do: upgrade
                              handler: %s
                              rate: { per: rule, bytes-per-second: 512KiB }
                        """
                                .formatted(handler));
    }

    private static void takesItsTime(long begun) {
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
        assertTrue(millis >= LEAST_MILLIS, millis + " of " + LEAST_MILLIS);
    }

    @ParameterizedTest
    @CsvSource({"IPV4, relay", "IPV6, relay", "IPV4, http", "IPV6, http", "IPV4, auto"})
    void whatIsBeyondItWaits(Family family, String handler) throws Exception {
        byte[] content = new byte[LENGTH];
        new Random(1).nextBytes(content);
        Path upload = Files.write(directory.resolve("upload"), content);
        Path download = directory.resolve("download");
        try (FrontDoor door = open(family, handler);
                Nginx nginx = Nginx.on(door.topology.server(), directory)) {
            long begun = System.nanoTime();
            Tool.Result result =
                    door.curl("-T", upload.toString(), FrontDoor.url(family, "/stored"));
            assertEquals(0, result.status(), result::toString);
            takesItsTime(begun);
            assertEquals(-1, Files.mismatch(upload, nginx.file("stored")));

            begun = System.nanoTime();
            result = door.curl("-o", download.toString(), FrontDoor.url(family, "/stored"));
            assertEquals(0, result.status(), result::toString);
            takesItsTime(begun);
            assertEquals(-1, Files.mismatch(upload, download));
            door.leavesNothing();
        }
    }

    /** Each answer fits into what may pass at once: it is the requests that wait. */
    @ParameterizedTest
    @CsvSource({"IPV4", "IPV6"})
    void manySmallAnswersWaitAsOneLargeOneDoes(Family family) throws Exception {
        byte[] content = new byte[16 * KIB];
        new Random(1).nextBytes(content);
        try (FrontDoor door = open(family, "http");
                Nginx nginx = Nginx.on(door.topology.server(), directory)) {
            Files.write(nginx.file("piece"), content);
            long begun = System.nanoTime();
            StringBuilder urls = new StringBuilder();
            for (int left = LENGTH; left > 0; left -= content.length) {
                urls.append(
                        "url = \"%s\"\noutput = /dev/null\n"
                                .formatted(FrontDoor.url(family, "/piece")));
            }
            Path file = Files.writeString(directory.resolve("urls"), urls);
            Tool.Result result = door.curl("-K", file.toString());
            assertEquals(0, result.status(), result::toString);
            takesItsTime(begun);
        }
    }
}
