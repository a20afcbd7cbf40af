package io.culvert.gateway.tls;

import java.security.Key;
import java.security.interfaces.ECKey;
import java.security.interfaces.RSAKey;
import java.util.Optional;

/**
 * What a certificate's key is of, and so who can check what is signed with it.
 *
 * <p>RFC 8446 section 4.2.3 has the schemes, by which a client says what it can check. In TLS 1.2
 * it says so by its cipher suites as well (RFC 8422 section 5.1).
 */
enum KeyKind {
    P256("P-256"),
    P384("P-384"),
    P521("P-521"),
    RSA("RSA");

    private static final int SHORTEST_RSA = 2048;

    private final String title;

    KeyKind(String title) {
        this.title = title;
    }

    /** For a person. */
    String title() {
        return title;
    }

    boolean isElliptic() {
        return this != RSA;
    }

    /** Whose signatures somebody can check who can check that scheme; empty for other schemes. */
    static Optional<KeyKind> ofScheme(int scheme) {
        return switch (scheme) {
            case 0x0403 -> Optional.of(P256);
            case 0x0503 -> Optional.of(P384);
            case 0x0603 -> Optional.of(P521);
            // rsa_pss_rsae of three digests, and rsa_pkcs1 for TLS 1.2.
            case 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601 -> Optional.of(RSA);
            default -> Optional.empty();
        };
    }

    /** Empty for a key that clients cannot be expected to check, or that is too short. */
    static Optional<KeyKind> of(Key key) {
        return switch (key) {
            case RSAKey rsa when rsa.getModulus().bitLength() >= SHORTEST_RSA -> Optional.of(RSA);
            case ECKey curve ->
                    switch (curve.getParams().getOrder().bitLength()) {
                        case 256 -> Optional.of(P256);
                        case 384 -> Optional.of(P384);
                        case 521 -> Optional.of(P521);
                        default -> Optional.empty();
                    };
            default -> Optional.empty();
        };
    }
}
