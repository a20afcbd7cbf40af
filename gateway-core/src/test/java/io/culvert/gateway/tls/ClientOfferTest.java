package io.culvert.gateway.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

class ClientOfferTest {
    /** A ClientHello without its type and length: suites, then extensions, in hexadecimal. */
    private static ByteBuf hello(String suites, String extensions) {
        String vector = "%04x%s".formatted(suites.length() / 2, suites);
        String last = "%04x%s".formatted(extensions.length() / 2, extensions);
        return Unpooled.wrappedBuffer(
                HexFormat.of().parseHex("0303" + "11".repeat(32) + "00" + vector + "0100" + last));
    }

    private static String name(String text) {
        String hex = HexFormat.of().formatHex(text.getBytes(StandardCharsets.ISO_8859_1));
        int length = text.length();
        return "0000%04x%04x00%04x%s".formatted(length + 5, length + 3, length, hex);
    }

    private static String schemes(String list) {
        return "000d%04x%04x%s".formatted(list.length() / 2 + 2, list.length() / 2, list);
    }

    @Test
    void readsTheNameAndWhatTheClientCanCheck() {
        ClientOffer offer =
                ClientOffer.of(
                        hello(
                                "0a0a1301",
                                "0a0a0000" + name("WWW.example.org") + schemes("04030804")));
        assertEquals(Optional.of("www.example.org"), offer.serverName());
        assertEquals(Set.of(KeyKind.P256, KeyKind.RSA), offer.kinds());
    }

    @Test
    void wantsNoEllipticKeyWithoutASuiteForIt() {
        ClientOffer offer = ClientOffer.of(hello("c02fc030", schemes("040305030601")));
        assertEquals(Set.of(KeyKind.RSA), offer.kinds());
        assertEquals(
                Set.of(KeyKind.P256, KeyKind.P384, KeyKind.RSA),
                ClientOffer.of(hello("c02fc02b", schemes("040305030601"))).kinds());
    }

    @Test
    void takesWhatIsNoNameForNone() {
        for (String text :
                new String[] {"192.0.2.1", "a b", "", "a\0b.example", "\u00e4.example"}) {
            assertEquals(Optional.empty(), ClientOffer.of(hello("1301", name(text))).serverName());
        }
    }

    @Test
    void knowsNothingOfSchemesWhereTheClientSaysNothing() {
        assertEquals(EnumSet.allOf(KeyKind.class), ClientOffer.of(hello("1301", "")).kinds());
    }

    @Test
    void answersWhateverTheBytesAre() {
        ByteBuf whole = hello("1301c02f", name("www.example.org") + schemes("0403"));
        for (int length = 0; length <= whole.readableBytes(); length++) {
            ClientOffer offer = ClientOffer.of(whole.slice(0, length));
            assertEquals(0, whole.readerIndex());
            if (length == whole.readableBytes()) {
                assertEquals(Optional.of("www.example.org"), offer.serverName());
            }
        }
        Random random = new Random(1);
        for (int i = 0; i < 100_000; i++) {
            ByteBuf broken = whole.copy();
            for (int j = random.nextInt(4); j >= 0; j--) {
                broken.setByte(random.nextInt(broken.readableBytes()), random.nextInt(256));
            }
            ClientOffer offer = ClientOffer.of(broken);
            offer.serverName()
                    .ifPresent(name -> assertEquals(Optional.of(name), ServerName.of(name)));
        }
    }
}
