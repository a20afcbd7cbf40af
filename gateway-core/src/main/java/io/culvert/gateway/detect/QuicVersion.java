package io.culvert.gateway.detect;

import java.util.HexFormat;

/** The versions of QUIC whose Initial packets can be opened, and what differs between them. */
enum QuicVersion {
    /** RFC 9000, RFC 9001 section 5.2. */
    V1(0x00000001, 0, "38762cf7f55934b34d179ae6a4c80cadccbb7f0a", "quic"),
    /** RFC 9369 sections 3.1 to 3.3. */
    V2(0x6b3343cf, 1, "0dede3def700a6db819381be6e269dcbf9bd2ed9", "quicv2");

    private final int number;
    private final int initialType;
    private final String salt;
    private final String label;

    QuicVersion(int number, int initialType, String salt, String label) {
        this.number = number;
        this.initialType = initialType;
        this.salt = salt;
        this.label = label;
    }

    /** Null for any other. */
    static QuicVersion of(int number) {
        for (QuicVersion version : values()) {
            if (version.number == number) {
                return version;
            }
        }
        return null;
    }

    int number() {
        return number;
    }

    /** What a long header's two type bits are in an Initial packet. */
    int initialType() {
        return initialType;
    }

    /** Of the first secret. */
    byte[] salt() {
        return HexFormat.of().parseHex(salt);
    }

    /** What the labels of keys begin with. */
    String label() {
        return label;
    }
}
