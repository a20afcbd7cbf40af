package com.example.tenants;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.plugin.PluginException;
import io.culvert.gateway.plugin.kit.PluginKit;
import io.culvert.hook.Network;
import io.culvert.hook.TunnelVerdict;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

class TenantsPluginTest {
    @TempDir private Path directory;

    private PluginKit kit(String... lines) throws Exception {
        Files.write(directory.resolve("tokens"), List.of(lines));
        return PluginKit.of(TenantsPlugin.class)
                .in(directory)
                .settings(new TenantsPlugin.Settings(Path.of("tokens"), Duration.ofSeconds(5)))
                .start();
    }

    private static String digest(String token) throws Exception {
        return HexFormat.of()
                .formatHex(
                        MessageDigest.getInstance("SHA-256")
                                .digest(token.getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void admitsATokenAsItsTenantWithItsAttributes() throws Exception {
        try (PluginKit kit =
                kit(
                        "# tokens",
                        digest("other") + " globex",
                        digest("secret")
                                + " acme user=ann id=laptop routes=10.1.0.0/16,2001:db8::/32")) {
            TunnelVerdict.Admit admit = kit.tunnel("secret").ask().assertAdmitted("acme");

            assertEquals(Map.of("user", "ann"), admit.attributes());
            assertEquals("laptop", admit.id());
            assertEquals(
                    List.of(Network.parse("10.1.0.0/16"), Network.parse("2001:db8::/32")),
                    admit.routes());
        }
    }

    @Test
    void refusesAnUnknownTokenAndLogsNothingOfIt() throws Exception {
        try (PluginKit kit = kit(digest("secret") + " acme")) {
            kit.tunnel("Secret").peer("192.0.2.9:6080").ask().assertRefused("unknown token");
            kit.tunnel("").credentials(1, 1000, 1000).ask().assertRefused("unknown token");

            assertEquals(2, kit.log().size());
            assertFalse(kit.log().toString().contains("Secret"));
            assertTrue(kit.log().getFirst().contains("192.0.2.9:6080"));
        }
    }

    @Test
    void aTokenThatIsTakenOutOfTheFileAdmitsNobodyAnyMore() throws Exception {
        try (PluginKit kit = kit(digest("secret") + " acme")) {
            Path next = Files.writeString(directory.resolve("next"), digest("new") + " acme\n");
            Files.move(next, directory.resolve("tokens"), StandardCopyOption.ATOMIC_MOVE);

            kit.clock().advance(Duration.ofSeconds(5));

            kit.tunnel("secret").ask().assertRefused("unknown token");
            kit.tunnel("new").ask().assertAdmitted("acme");
        }
    }

    @Test
    void namesTheLineThatIsWrong() {
        String message =
                assertThrows(PluginException.class, () -> kit("# fine", "no digest")).getMessage();

        assertTrue(message.contains("tokens:2: no SHA256 TENANT [KEY=VALUE]..."), message);
    }
}
