package io.culvert.gateway.tunnel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.culvert.wire.Prefix;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

class TextContextTest {
    private static TunnelContext parse(String text) {
        return TextContext.parse(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void readsWhatATunnelSaysOfItself() {
        TunnelContext context =
                parse(
                        """
                        # of a laptop
                        tenant = acme
                        id=laptop-7

                        routes=10.7.0.0/24, 2001:db8:7::/64
                        mtu=1400\r
                        user=Zoë = admin
                        empty=
                        """);

        assertEquals(
                new TunnelContext(
                        "acme",
                        "laptop-7",
                        List.of(Prefix.parse("10.7.0.0/24"), Prefix.parse("2001:db8:7::/64")),
                        1400,
                        Map.of("user", "Zoë = admin", "empty", "")),
                context);
    }

    @Test
    void takesATenantForEnough() {
        assertEquals(
                new TunnelContext("acme", "", List.of(), 1500, Map.of()), parse("tenant=acme"));
    }

    @ParameterizedTest
    @CsvSource({
        "id=7, the context has no tenant=NAME",
        "tenant, line 1 is not key=value",
        "'tenant=a\nTENANT=b', line 2 is not key=value",
        "'tenant=a\n=b', line 2 is not key=value",
        "'tenant=a\nid=b\nid=b', line 3: id again",
        "'tenant=a\nmtu=575', mtu is not between 576 and 65535",
        "'tenant=a\nmtu=x', mtu is not between 576 and 65535",
        "'tenant=a\nroutes=::/0\nmtu=1279', mtu is not between 1280 and 65535",
        "'tenant=a\u0007', line 1 has a control character in its value",
    })
    void saysWhatIsWrong(String text, String why) {
        IllegalArgumentException wrong =
                assertThrows(IllegalArgumentException.class, () -> parse(text));

        assertEquals(why, wrong.getMessage());
    }

    @Test
    void readsNothingButUtf8() {
        ByteBuffer latin1 = ByteBuffer.wrap(new byte[] {'t', '=', (byte) 0xe9});

        assertEquals(
                "the context is not UTF-8",
                assertThrows(IllegalArgumentException.class, () -> TextContext.parse(latin1))
                        .getMessage());
    }
}
