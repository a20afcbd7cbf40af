package io.culvert.linux;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class LinuxTest {
    @Test
    void isAvailableInAJvmThatIsStartedAsTheBuildStartsIt() {
        assertNull(Linux.unavailabilityCause());
        assertTrue(Linux.isAvailable());
        assertDoesNotThrow(Linux::ensureAvailable);
    }

    @Test
    void lacksNothingWithTheRightOptions() {
        assertNull(Linux.lack("Linux", "amd64", true, "false"));
        assertNull(Linux.lack("Linux", "aarch64", true, null));
    }

    @Test
    void saysWhichOptionCuresTheAssemblerStubs() {
        String sentence =
                "jnr-ffi's assembler stubs corrupt the sixth argument of a call: start the JVM with"
                        + " -Djnr.ffi.x86asm.enabled=false";
        assertEquals(sentence, Linux.lack("Linux", "amd64", true, null));
        assertEquals(sentence, Linux.lack("Linux", "amd64", true, "true"));
    }

    @Test
    void saysWhichOptionAllowsNativeCalls() {
        assertEquals(
                "the JVM may not call native code: start it with"
                        + " --enable-native-access=ALL-UNNAMED",
                Linux.lack("Linux", "amd64", false, "false"));
    }

    @Test
    void namesTheSystemOrMachineThatIsNotSupported() {
        assertEquals(
                "Culvert runs on Linux only, this is Mac OS X",
                Linux.lack("Mac OS X", "aarch64", true, "false"));
        assertEquals(
                "Culvert knows the structures of amd64 and aarch64 only, this is s390x",
                Linux.lack("Linux", "s390x", true, "false"));
    }
}
