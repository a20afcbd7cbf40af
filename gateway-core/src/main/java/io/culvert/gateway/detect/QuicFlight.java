package io.culvert.gateway.detect;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.Arrays;

/**
 * The first flight of a QUIC client: the datagrams until its ClientHello is whole. Each may hold
 * several packets, of which Initial ones are opened (RFC 9001 section 5):
 *
 * <pre>
 *    1 1 type 2 bits  version  length+id       length+id  length+token  length  number  payload
 *   +----------------+--------+---------------+----------+-------------+-------+-------+---------+
 *   | RFC 9000 17.2  | 4      | destination   | source   | Initial only| varint| 1..4  | sealed  |
 *   +----------------+--------+---------------+----------+-------------+-------+-------+---------+
 * </pre>
 *
 * <p>Of a version that is not known here no more is known than that (RFC 8999): a server answers
 * with those that it has, and the client begins again, in a flow that goes on.
 *
 * <p>One per flow, which may share {@link InitialKeys}; confined to one thread.
 */
public final class QuicFlight {
    /** Datagrams to look at, at most. */
    public static final int MOST_DATAGRAMS = 8;

    /** RFC 9000 section 14.1: the least that a client's first datagram has. */
    private static final int LEAST_DATAGRAM = 1_200;

    private static final int LONG_HEADER = 0x80;
    private static final int FIXED_BIT = 0x40;

    /** RFC 9000 section 17.2; a client's first goes to 8 bytes at least, section 7.2. */
    private static final int LONGEST_CONNECTION_ID = 20;

    private static final int LEAST_CONNECTION_ID = 8;

    private final InitialKeys keys;
    private final ClientHello hello = new ClientHello();
    private final CryptoStream stream = new CryptoStream();
    private Facts facts = Facts.NONE;
    private int datagrams;

    /** The id that the packets went to that could be opened: others are another connection's. */
    private byte[] connection;

    private QuicFlight(InitialKeys keys) {
        this.keys = keys;
    }

    /** Makes flights of which one at a time is looked at; confined to one thread. */
    public static final class Maker {
        private final InitialKeys keys = new InitialKeys();

        public QuicFlight flight() {
            return new QuicFlight(keys);
        }
    }

    /**
     * Whether a flow's first datagram may begin such a flight, by its first bytes alone.
     *
     * @param datagram from its position to its limit, which both stay
     */
    public static boolean mayBegin(ByteBuffer datagram) {
        int at = datagram.position();
        return datagram.remaining() > 6
                && (datagram.get(at) & (LONG_HEADER | FIXED_BIT)) == (LONG_HEADER | FIXED_BIT)
                && (QuicVersion.of(version(datagram)) != null
                        || isOtherVersion(datagram, version(datagram)));
    }

    private static int version(ByteBuffer datagram) {
        return datagram.duplicate().getInt(datagram.position() + 1);
    }

    /** Such a packet may be anything, so it has to look the part. */
    private static boolean isOtherVersion(ByteBuffer datagram, int version) {
        int id = datagram.get(datagram.position() + 5) & 0xff;
        return version != 0
                && datagram.remaining() >= LEAST_DATAGRAM
                && id >= LEAST_CONNECTION_ID
                && id <= LONGEST_CONNECTION_ID;
    }

    /**
     * Takes the client's next datagram.
     *
     * @param datagram from its position to its limit, which both stay
     */
    public Progress read(ByteBuffer datagram) {
        if (++datagrams == 1 && !mayBegin(datagram)) {
            return Progress.OTHER;
        }
        byte[] bytes = new byte[datagram.remaining()];
        datagram.get(datagram.position(), bytes);
        Progress progress = packets(bytes);
        if (progress == Progress.MORE && datagrams >= MOST_DATAGRAMS) {
            return facts.application() == Application.UNKNOWN ? Progress.OTHER : Progress.KNOWN;
        }
        return progress;
    }

    /** What is known: all of it, or after {@link Progress#MORE} what there was so far. */
    public Facts facts() {
        return facts;
    }

    /** RFC 9000 section 12.2: one after the other, and what cannot be opened is passed over. */
    private Progress packets(byte[] bytes) {
        int at = 0;
        while (at < bytes.length) {
            if ((bytes[at] & LONG_HEADER) == 0) {
                // Of a short header nothing says where it ends.
                return Progress.MORE;
            }
            VariableLength reader = new VariableLength(bytes, at + 1, bytes.length);
            int number = 0;
            for (int i = 0; i < Integer.BYTES; i++) {
                number = (number << 8) | reader.octet();
            }
            QuicVersion version = QuicVersion.of(number);
            if (reader.isBroken() || version == null) {
                unknown(number);
                return Progress.MORE;
            }
            int id = reader.octet();
            int idFrom = reader.take(id);
            reader.skip(reader.octet());
            boolean initial = ((bytes[at] >>> 4) & 3) == version.initialType();
            if (initial) {
                // The token.
                reader.skip(reader.length());
            }
            int length = reader.length();
            int numberAt = reader.take(length);
            if (reader.isBroken() || id > LONGEST_CONNECTION_ID) {
                return Progress.MORE;
            }
            int end = numberAt + length;
            byte[] destination = Arrays.copyOfRange(bytes, idFrom, idFrom + id);
            if (initial && (connection == null || Arrays.equals(connection, destination))) {
                Progress progress = initial(version, destination, bytes, at, numberAt, end);
                if (progress != Progress.MORE) {
                    return progress;
                }
            }
            at = end;
        }
        return Progress.MORE;
    }

    private void unknown(int version) {
        if (facts.application() == Application.UNKNOWN && version != 0) {
            facts = Facts.of(Application.QUIC, version);
        }
    }

    private Progress initial(
            QuicVersion version, byte[] destination, byte[] bytes, int at, int numberAt, int end) {
        // RFC 9001 section 5.4.2: as if the number had four bytes.
        int sample = numberAt + 4;
        if (sample + InitialKeys.SAMPLE_LENGTH > end) {
            return Progress.MORE;
        }
        byte[] frames;
        try {
            keys.of(version, destination);
            byte[] mask = keys.mask(bytes, sample);
            bytes[at] ^= (byte) (mask[0] & 0x0f);
            int numberLength = (bytes[at] & 3) + 1;
            long number = 0;
            for (int i = 0; i < numberLength; i++) {
                bytes[numberAt + i] ^= mask[1 + i];
                number = (number << 8) | (bytes[numberAt + i] & 0xff);
            }
            frames = keys.open(bytes, at, numberAt + numberLength, end, number);
        } catch (GeneralSecurityException notSealedSo) {
            return Progress.MORE;
        }
        if (!InitialFrames.read(frames, stream)) {
            return Progress.OTHER;
        }
        connection = destination;
        facts = Facts.of(Application.QUIC, version.number());
        Progress progress = hello.read(stream.beginning());
        if (progress == Progress.KNOWN) {
            facts = hello.facts(version);
        }
        return progress;
    }
}
