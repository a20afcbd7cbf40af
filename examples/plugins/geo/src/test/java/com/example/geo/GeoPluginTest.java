package com.example.geo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.plugin.PluginException;
import io.culvert.gateway.plugin.kit.PluginKit;
import io.culvert.gateway.plugin.kit.PluginSetup;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;

class GeoPluginTest {
    private static final String TABLE =
            """
            # PREFIX,COUNTRY
            192.0.2.0/24,NL
            192.0.2.128/25,DE
            2001:db8::/32,NL
            2001:db8:1::/48,FR
            """;

    @TempDir private Path directory;

    private PluginSetup geo(String table, GeoPlugin.Side side, String... deny) throws IOException {
        Files.writeString(directory.resolve("geo.csv"), table);
        return PluginKit.of(GeoPlugin.class)
                .in(directory)
                .settings(
                        new GeoPlugin.Settings(
                                Path.of("geo.csv"), List.of(deny), side, Duration.ofSeconds(10)));
    }

    @Test
    void refusesTargetsOfADeniedCountryInBothFamilies() throws Exception {
        try (PluginKit kit = geo(TABLE, GeoPlugin.Side.TARGET, "NL").start()) {
            kit.flow("tcp 10.0.0.1:1234 > 192.0.2.1:443")
                    .open()
                    .assertRefused("its target is in NL");
            kit.flow("udp [fd00::1]:1234 > [2001:db8::1]:53")
                    .open()
                    .assertRefused("its target is in NL");
        }
    }

    @Test
    void theLongestPrefixDecides() throws Exception {
        try (PluginKit kit = geo(TABLE, GeoPlugin.Side.TARGET, "NL").start()) {
            kit.flow("tcp 10.0.0.1:1234 > 192.0.2.129:443").open().assertCarried();
            kit.flow("tcp [fd00::1]:1234 > [2001:db8:1::1]:443").open().assertCarried();
            kit.flow("tcp 10.0.0.1:1234 > 203.0.113.1:443").open().assertCarried();
        }
    }

    @Test
    void looksAtTheInitiatorWhereItIsTold() throws Exception {
        try (PluginKit kit = geo(TABLE, GeoPlugin.Side.EITHER, "DE").start()) {
            kit.flow("tcp 192.0.2.200:1234 > 10.0.0.1:443")
                    .open()
                    .assertRefused("its initiator is in DE");
            kit.flow("tcp 192.0.2.1:1234 > 10.0.0.1:443").open().assertCarried();
        }
    }

    @Test
    void judgesTheFlowOfARawPacket() throws Exception {
        // An echo request, 10.0.0.1 > 192.0.2.1.
        byte[] packet = {
            0x45,
            0,
            0,
            28,
            0,
            1,
            0,
            0,
            64,
            1,
            (byte) 0xae,
            (byte) 0xde,
            10,
            0,
            0,
            1,
            (byte) 192,
            0,
            2,
            1,
            8,
            0,
            (byte) 0xf6,
            (byte) 0xfd,
            1,
            1,
            0,
            1
        };
        try (PluginKit kit = geo(TABLE, GeoPlugin.Side.TARGET, "NL").start()) {
            kit.packet(packet).open().assertRefused("its target is in NL");
        }
    }

    @Test
    void readsTheTableAgainWhenItHasChanged() throws Exception {
        try (PluginKit kit = geo(TABLE, GeoPlugin.Side.TARGET, "NL").start()) {
            Path next = Files.writeString(directory.resolve("next.csv"), "10.9.0.0/16,NL");
            Files.move(next, directory.resolve("geo.csv"), StandardCopyOption.ATOMIC_MOVE);
            kit.flow("tcp 10.0.0.1:1234 > 192.0.2.1:443")
                    .open()
                    .assertRefused("its target is in NL");

            kit.clock().advance(Duration.ofSeconds(10));

            kit.flow("tcp 10.0.0.1:1234 > 192.0.2.1:443").open().assertCarried();
            kit.flow("tcp 10.0.0.1:1234 > 10.9.1.1:443")
                    .open()
                    .assertRefused("its target is in NL");
        }
    }

    @Test
    void keepsTheOldTableWhereTheNewOneIsWrong() throws Exception {
        try (PluginKit kit = geo(TABLE, GeoPlugin.Side.TARGET, "NL").start()) {
            Path next = Files.writeString(directory.resolve("next.csv"), "10.9.0.0/16;NL\n");
            Files.move(next, directory.resolve("geo.csv"), StandardCopyOption.ATOMIC_MOVE);

            kit.clock().advance(Duration.ofSeconds(10));

            kit.flow("tcp 10.0.0.1:1234 > 192.0.2.1:443")
                    .open()
                    .assertRefused("its target is in NL");
            assertTrue(
                    kit.log().getLast().contains("geo.csv:1: no PREFIX,COUNTRY"),
                    kit.log()::toString);
        }
    }

    @Test
    void doesNotStartWithoutItsTable() {
        PluginSetup setup =
                PluginKit.of(GeoPlugin.class)
                        .in(directory)
                        .settings(
                                new GeoPlugin.Settings(
                                        Path.of("none.csv"),
                                        List.of(),
                                        GeoPlugin.Side.TARGET,
                                        Duration.ofSeconds(1)));

        assertThrows(PluginException.class, setup::start);
    }

    @Test
    void namesTheLineThatIsWrong() throws Exception {
        PluginSetup setup = geo("192.0.2.1/24,NL\n", GeoPlugin.Side.TARGET);

        String message = assertThrows(PluginException.class, setup::start).getMessage();

        assertEquals(
                "geo.csv:1: 192.0.2.1/24 has bits behind its length",
                message.substring(message.lastIndexOf('/', message.indexOf("geo.csv")) + 1));
    }
}
