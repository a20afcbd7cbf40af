package io.culvert.gateway;

import io.culvert.nat.Endpoints;
import io.culvert.wire.IpAddress;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.haproxy.HAProxyCommand;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import io.netty.handler.codec.haproxy.HAProxyMessageDecoder;
import io.netty.handler.codec.haproxy.HAProxyProxiedProtocol;
import io.netty.util.NetUtil;

import java.nio.ByteBuffer;

/**
 * The header of the PROXY protocol that a connection may begin with, of either version (HAProxy's
 * {@code doc/proxy-protocol.txt}, sections 2.1 and 2.2). Where it ends is found out here, so that
 * nothing behind it is taken from the socket; what it says by Netty's decoder.
 */
final class ProxyPreface {
    /** What {@link #length} answers where there is too little to tell. */
    static final int MORE = 0;

    /** The same where there is no such header. */
    static final int NONE = -1;

    /**
     * Bytes of the longest that is read: of what the protocol allows in 64 KiB, names and
     * certificates' subjects have their place in these.
     */
    static final int MOST = 4096;

    private static final byte[] SIGNATURE = {
        0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a
    };
    private static final int VERSION_2 = 2;

    /** Section 2.2: what comes before the part that the length is of. */
    private static final int FIXED = 16;

    private static final byte[] WORD = {'P', 'R', 'O', 'X', 'Y', ' '};

    /** Section 2.1: with CR and LF. */
    private static final int LONGEST_LINE = 107;

    private ProxyPreface() {}

    /**
     * How long the header is that a connection begins with.
     *
     * @param bytes the first ones of the connection, as many as there are up to {@link #MOST}
     */
    static int length(ByteBuffer bytes) {
        if (begins(bytes, SIGNATURE)) {
            return binary(bytes);
        }
        return begins(bytes, WORD) ? line(bytes) : NONE;
    }

    /** Whether they are the beginning of it, or it is theirs. */
    private static boolean begins(ByteBuffer bytes, byte[] expected) {
        int common = Math.min(bytes.remaining(), expected.length);
        return bytes.slice(bytes.position(), common).equals(ByteBuffer.wrap(expected, 0, common));
    }

    private static int binary(ByteBuffer bytes) {
        int start = bytes.position();
        if (bytes.remaining() < FIXED) {
            return MORE;
        }
        int length = FIXED + (bytes.getShort(start + FIXED - Short.BYTES) & 0xffff);
        if ((bytes.get(start + SIGNATURE.length) & 0xff) >>> 4 != VERSION_2 || length > MOST) {
            return NONE;
        }
        return bytes.remaining() < length ? MORE : length;
    }

    private static int line(ByteBuffer bytes) {
        int most = Math.min(bytes.remaining(), LONGEST_LINE);
        for (int i = 0; i < most; i++) {
            if (bytes.get(bytes.position() + i) == '\n') {
                return bytes.get(bytes.position() + i - 1) == '\r' ? i + 1 : NONE;
            }
        }
        return bytes.remaining() < LONGEST_LINE ? MORE : NONE;
    }

    /**
     * Who the header says is connected with whom; where it says nothing of it, as a proxy's own
     * connections and those of families that are not IP, those who are.
     *
     * @param header all of it, and no more
     * @param own who are connected on the wire
     * @return {@code null} where the header is not as it has to be
     */
    static Endpoints read(byte[] header, Endpoints own) {
        EmbeddedChannel decoder = new EmbeddedChannel(new HAProxyMessageDecoder(MOST));
        HAProxyMessage message = null;
        try {
            boolean _ = decoder.writeInbound(Unpooled.wrappedBuffer(header));
            message = decoder.readInbound();
            return message == null ? null : ends(message, own);
        } catch (DecoderException wrong) {
            return null;
        } finally {
            if (message != null) {
                boolean _ = message.release();
            }
            boolean _ = decoder.finishAndReleaseAll();
        }
    }

    private static Endpoints ends(HAProxyMessage message, Endpoints own) {
        HAProxyProxiedProtocol protocol = message.proxiedProtocol();
        boolean named =
                message.command() == HAProxyCommand.PROXY
                        && (protocol == HAProxyProxiedProtocol.TCP4
                                || protocol == HAProxyProxiedProtocol.TCP6);
        if (!named) {
            return own;
        }
        IpAddress source = address(message.sourceAddress());
        IpAddress destination = address(message.destinationAddress());
        return new Endpoints(
                source.high(),
                source.low(),
                message.sourcePort(),
                destination.high(),
                destination.low(),
                message.destinationPort());
    }

    /** One that Netty has checked; an IPv4 address in mapped form is one of IPv4. */
    private static IpAddress address(String text) {
        ByteBuffer octets = ByteBuffer.wrap(NetUtil.createByteArrayFromIpAddressString(text));
        return octets.capacity() == Integer.BYTES
                ? IpAddress.ofIpv4(octets.getInt(0))
                : new IpAddress(octets.getLong(0), octets.getLong(Long.BYTES));
    }
}
