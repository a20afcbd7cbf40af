package io.culvert.gateway.capture;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** On files as kernels have them, that of this machine and older ones. */
class InterfaceForwardingTest {
    @TempDir private Path net;

    private Forwarding forwarding;

    @BeforeEach
    void makeSettings() throws IOException {
        forwarding = new Forwarding(net);
        write("ipv6/conf/all/forwarding", "0\n");
    }

    private void write(String setting, String value) throws IOException {
        Path file = net.resolve(setting);
        Files.createDirectories(file.getParent());
        Files.writeString(file, value);
    }

    private String read(String setting) throws IOException {
        return Files.readString(net.resolve(setting)).strip();
    }

    @Test
    void switchesIpv4OnAndOffForOneInterface() throws IOException {
        write("ipv4/conf/wg0/forwarding", "0\n");
        assertEquals(Forwarding.State.OFF, forwarding.state("wg0", false));
        forwarding.set("wg0", false, true);
        assertEquals("1", read("ipv4/conf/wg0/forwarding"));
        assertEquals(Forwarding.State.ON, forwarding.state("wg0", false));
        forwarding.set("wg0", false, false);
        assertEquals("0", read("ipv4/conf/wg0/forwarding"));
    }

    @Test
    void switchesIpv6OnForOneInterfaceWithoutMakingARouterOfTheHost() throws IOException {
        write("ipv6/conf/eth0.100/forwarding", "0\n");
        write("ipv6/conf/eth0.100/force_forwarding", "0\n");
        assertEquals(Forwarding.State.OFF, forwarding.state("eth0.100", true));
        forwarding.set("eth0.100", true, true);
        assertEquals("1", read("ipv6/conf/eth0.100/force_forwarding"));
        assertEquals("0", read("ipv6/conf/eth0.100/forwarding"));
        assertEquals("0", read("ipv6/conf/all/forwarding"));
    }

    @Test
    void leavesAHostAloneThatForwardsIpv6Anyway() throws IOException {
        write("ipv6/conf/all/forwarding", "1\n");
        write("ipv6/conf/wg0/force_forwarding", "0\n");
        assertEquals(Forwarding.State.ON, forwarding.state("wg0", true));
    }

    @Test
    void leavesTheHostsSwitchToItsOperatorWhereThereIsNoOther() throws IOException {
        write("ipv6/conf/wg0/forwarding", "0\n");
        assertEquals(Forwarding.State.FOR_THE_OPERATOR, forwarding.state("wg0", true));
    }

    @Test
    void knowsNothingOfAnInterfaceThatIsNotThere() throws IOException {
        assertEquals(Forwarding.State.NONE, forwarding.state("wg9", false));
        assertEquals(Forwarding.State.NONE, forwarding.state("wg9", true));
        forwarding.set("wg9", false, true);
    }
}
