package io.culvert.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The host's name server is the first of resolv.conf(5) that can be asked from anywhere. */
class HostResolverTest {
    @TempDir private Path directory;

    @ParameterizedTest
    @CsvSource({
        "127.0.0.53, 'search example\nnameserver 127.0.0.53\nnameserver 192.0.2.1\n'",
        "::1, 'nameserver fe80::1%eth0\n  nameserver\t::1\n'"
    })
    void isTheFirstWithoutAZone(String address, String text) throws IOException {
        Path file = Files.writeString(directory.resolve("resolv.conf"), text);
        assertEquals(Optional.of(new InetSocketAddress(address, 53)), HostResolver.find(file));
    }

    @Test
    void isNobodyWhereNoneIsGiven() throws IOException {
        Path file = Files.writeString(directory.resolve("resolv.conf"), "# nothing\n");
        assertEquals(Optional.empty(), HostResolver.find(file));
        assertEquals(Optional.empty(), HostResolver.find(directory.resolve("missing")));
    }
}
