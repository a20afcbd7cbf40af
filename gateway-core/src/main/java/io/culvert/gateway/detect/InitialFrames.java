package io.culvert.gateway.detect;

/**
 * The frames of a client's Initial packet, RFC 9000 section 17.2.2: those that one may have, of
 * which only the handshake's are of interest.
 */
final class InitialFrames {
    private static final int PADDING = 0x00;
    private static final int PING = 0x01;
    private static final int ACK = 0x02;
    private static final int ACK_ECN = 0x03;
    private static final int CRYPTO = 0x06;
    private static final int CONNECTION_CLOSE = 0x1c;

    private final VariableLength reader;
    private final CryptoStream stream;

    private InitialFrames(byte[] frames, CryptoStream stream) {
        reader = new VariableLength(frames, 0, frames.length);
        this.stream = stream;
    }

    /**
     * Takes the handshake's bytes out.
     *
     * @return whether it has only frames that it may have, whole ones, that fit the stream
     */
    static boolean read(byte[] frames, CryptoStream into) {
        return new InitialFrames(frames, into).read();
    }

    private boolean read() {
        while (reader.hasMore()) {
            boolean fits =
                    switch ((int) Math.min(reader.next(), Integer.MAX_VALUE)) {
                        case PADDING, PING -> true;
                        case ACK -> acknowledgment(0);
                        // Section 19.3.2: three counts more.
                        case ACK_ECN -> acknowledgment(3);
                        case CRYPTO -> crypto();
                        case CONNECTION_CLOSE -> close();
                        default -> false;
                    };
            if (!fits || reader.isBroken()) {
                return false;
            }
        }
        return true;
    }

    /** Section 19.3. */
    private boolean acknowledgment(int counts) {
        skip(2);
        long ranges = reader.next();
        skip(1);
        for (long i = 0; i < ranges && !reader.isBroken(); i++) {
            skip(2);
        }
        skip(counts);
        return true;
    }

    private void skip(int numbers) {
        for (int i = 0; i < numbers; i++) {
            long unused = reader.next();
        }
    }

    private boolean crypto() {
        long at = reader.next();
        int length = reader.length();
        int from = reader.take(length);
        return !reader.isBroken() && stream.put(reader.bytes(), from, length, at);
    }

    /** Section 19.19. */
    private boolean close() {
        skip(2);
        reader.skip(reader.length());
        return true;
    }
}
