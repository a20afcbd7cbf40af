package io.culvert.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.concurrent.FutureTask;

@Timeout(30)
class ProcessorsTest {
    private static BitSet only(int processor) {
        BitSet one = new BitSet();
        one.set(processor);
        return one;
    }

    @Test
    void keepsTheCallingThreadAloneToAProcessor() throws Exception {
        BitSet before = Processors.allowed();
        int last = before.length() - 1;
        FutureTask<String> task =
                new FutureTask<>(
                        () -> {
                            Processors.keepTo(only(last));
                            assertEquals(only(last), Processors.allowed());
                            return Files.readAllLines(Path.of("/proc/thread-self/status")).stream()
                                    .filter(line -> line.startsWith("Cpus_allowed_list:"))
                                    .findFirst()
                                    .orElseThrow();
                        });
        Thread.ofPlatform().start(task);

        assertEquals("Cpus_allowed_list:\t" + last, task.get());
        assertEquals(before, Processors.allowed());
    }

    @Test
    void refusesAProcessorThatThereIsNot() {
        assertThrows(SyscallException.class, () -> Processors.keepTo(only(1_000)));
        assertThrows(SyscallException.class, () -> Processors.keepTo(new BitSet()));
    }
}
