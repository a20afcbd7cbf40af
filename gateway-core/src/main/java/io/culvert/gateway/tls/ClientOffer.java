package io.culvert.gateway.tls;

import io.culvert.gateway.detect.ClientHello;
import io.netty.buffer.ByteBuf;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/**
 * What of a ClientHello decides about the certificate (RFC 8446, section 4.1.2).
 *
 * @param serverName of the host that is wanted; empty where there is none, or it is no name
 * @param kinds of keys whose signatures the client can check
 */
record ClientOffer(Optional<String> serverName, Set<KeyKind> kinds) {
    /** Nobody knows what the client wants. */
    static final ClientOffer UNKNOWN =
            new ClientOffer(Optional.empty(), EnumSet.allOf(KeyKind.class));

    ClientOffer {
        kinds = Set.copyOf(kinds);
    }

    /**
     * Reads one; the buffer stays as it is.
     *
     * @param hello the message behind its type and length
     * @return {@link #UNKNOWN} for one that is cut or contradicts itself: the engine, which reads
     *     it again, answers it with an alert
     */
    static ClientOffer of(ByteBuf hello) {
        ClientHello read = new ClientHello();
        return read.readBody(hello.nioBuffer())
                ? new ClientOffer(ServerName.of(read.serverName()), kinds(read))
                : UNKNOWN;
    }

    private static Set<KeyKind> kinds(ClientHello hello) {
        Set<KeyKind> kinds = EnumSet.noneOf(KeyKind.class);
        int[] schemes = hello.signatureSchemes();
        Arrays.stream(schemes).forEach(each -> KeyKind.ofScheme(each).ifPresent(kinds::add));
        if (schemes.length == 0) {
            // RFC 5246, section 7.4.1.4.1: whoever says nothing can check SHA-1 with either kind,
            // which nobody does any more; the engine will say so.
            kinds.addAll(EnumSet.allOf(KeyKind.class));
        }
        if (Arrays.stream(hello.cipherSuites()).noneMatch(ClientOffer::isElliptic)) {
            kinds.removeIf(KeyKind::isElliptic);
        }
        return kinds;
    }

    /**
     * Whether a suite has a server sign with an elliptic key, as every one of TLS 1.3 lets it: RFC
     * 8446, appendix B.4, and those of RFC 5289 and RFC 7905 that we have.
     */
    private static boolean isElliptic(int suite) {
        return switch (suite) {
            case 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02c, 0xcca9 -> true;
            default -> false;
        };
    }
}
