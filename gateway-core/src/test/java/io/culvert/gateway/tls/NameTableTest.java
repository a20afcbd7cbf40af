package io.culvert.gateway.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.Test;

import java.util.Optional;

class NameTableTest {
    private final NameTable<String> table = new NameTable<>();

    @Test
    void findsTheExactNameBeforeTheStar() {
        table.at("*.example.org", () -> "star");
        table.at("www.example.org", () -> "exact");
        assertEquals("exact", table.find("www.example.org"));
        assertEquals("star", table.find("shop.example.org"));
        assertNull(table.find("example.org"));
        assertNull(table.find("a.shop.example.org"));
        assertNull(table.find("org"));
    }

    @Test
    void keepsWhatIsThere() {
        table.at("a.example", () -> "first");
        assertEquals("first", table.at("a.example", () -> "second"));
    }

    @Test
    void knowsWhatIsAName() {
        assertEquals(Optional.of("www.example.org"), ServerName.of("WWW.Example.org."));
        assertEquals(Optional.of("a_b.example"), ServerName.of("a_b.example"));
        assertEquals(Optional.of("xn--bcher-kva.example"), ServerName.of("xn--bcher-kva.example"));
        for (String none :
                new String[] {
                    "",
                    ".",
                    "a..b",
                    "-a.example",
                    "a-.example",
                    "192.0.2.1",
                    "a b",
                    "[::1]",
                    "*.a",
                    "a.example\0",
                    "bücher.example",
                    "a".repeat(64) + ".example",
                    "a.".repeat(127) + "a"
                }) {
            assertEquals(Optional.empty(), ServerName.of(none), none);
        }
        assertEquals(Optional.of("*.a.example"), ServerName.pattern("*.A.example"));
        assertEquals(Optional.empty(), ServerName.pattern("*.*.example"));
        assertEquals(Optional.empty(), ServerName.pattern("*"));
    }
}
