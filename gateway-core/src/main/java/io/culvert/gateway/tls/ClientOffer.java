package io.culvert.gateway.tls;

import io.netty.buffer.ByteBuf;

import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/**
 * What of a ClientHello decides about the certificate (RFC 8446, section 4.1.2).
 *
 * <pre>
 *   version 2, random 32, session id 1 + n, cipher suites 2 + n, compression 1 + n,
 *   extensions 2 + n: each type 2, length 2
 * </pre>
 *
 * <p>One that is cut or contradicts itself is what could be read of it: the engine, which reads it
 * again, answers it with an alert.
 *
 * @param serverName of the host that is wanted; empty where there is none, or it is no name
 * @param kinds of keys whose signatures the client can check
 */
record ClientOffer(Optional<String> serverName, Set<KeyKind> kinds) {
    private static final int BEFORE_SESSION = 34;
    private static final int SERVER_NAME = 0;
    private static final int HOST_NAME = 0;
    private static final int SIGNATURE_ALGORITHMS = 13;

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
     */
    static ClientOffer of(ByteBuf hello) {
        ByteBuf rest = hello.slice();
        Optional<String> name = Optional.empty();
        // RFC 5246, section 7.4.1.4.1: whoever says nothing can check SHA-1 with either kind, which
        // nobody does any more; the engine will say so.
        Set<KeyKind> kinds = EnumSet.allOf(KeyKind.class);
        boolean elliptic = false;
        try {
            rest.skipBytes(BEFORE_SESSION);
            rest.skipBytes(rest.readUnsignedByte());
            elliptic = hasElliptic(rest.readSlice(rest.readUnsignedShort()));
            rest.skipBytes(rest.readUnsignedByte());
            ByteBuf extensions = rest.readSlice(rest.readUnsignedShort());
            while (extensions.isReadable()) {
                int type = extensions.readUnsignedShort();
                ByteBuf body = extensions.readSlice(extensions.readUnsignedShort());
                if (type == SERVER_NAME) {
                    name = serverName(body);
                } else if (type == SIGNATURE_ALGORITHMS) {
                    kinds = kinds(body.readSlice(body.readUnsignedShort()));
                }
            }
        } catch (IndexOutOfBoundsException cut) {
            return of(name, kinds, elliptic);
        }
        return of(name, kinds, elliptic);
    }

    private static ClientOffer of(
            Optional<String> name, Set<KeyKind> kinds, boolean hasEllipticSuite) {
        if (!hasEllipticSuite) {
            kinds.removeIf(KeyKind::isElliptic);
        }
        return new ClientOffer(name, kinds);
    }

    private static Optional<String> serverName(ByteBuf body) {
        ByteBuf list = body.readSlice(body.readUnsignedShort());
        while (list.isReadable()) {
            int type = list.readUnsignedByte();
            ByteBuf name = list.readSlice(list.readUnsignedShort());
            if (type == HOST_NAME) {
                return ServerName.of(name.toString(StandardCharsets.US_ASCII));
            }
        }
        return Optional.empty();
    }

    private static Set<KeyKind> kinds(ByteBuf schemes) {
        Set<KeyKind> kinds = EnumSet.noneOf(KeyKind.class);
        while (schemes.isReadable()) {
            KeyKind.ofScheme(schemes.readUnsignedShort()).ifPresent(kinds::add);
        }
        return kinds;
    }

    /**
     * Whether there is a suite that has a server sign with an elliptic key, as every one of TLS 1.3
     * lets it: RFC 8446, appendix B.4, and those of RFC 5289 and RFC 7905 that we have.
     */
    private static boolean hasElliptic(ByteBuf suites) {
        boolean elliptic = false;
        while (suites.isReadable()) {
            elliptic |=
                    switch (suites.readUnsignedShort()) {
                        case 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02c, 0xcca9 -> true;
                        default -> false;
                    };
        }
        return elliptic;
    }
}
