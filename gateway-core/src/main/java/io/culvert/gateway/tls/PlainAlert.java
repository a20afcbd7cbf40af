package io.culvert.gateway.tls;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

import java.util.Optional;

/**
 * Looks for an alert that is not encrypted. A client of TLS 1.3 that does not believe the server's
 * certificate has no need to encrypt that (OpenSSL does not), and both engines take what it sends
 * for a broken record. It is in front of the engine for the time of the handshake.
 *
 * <p>Threading: its channel's loop.
 */
final class PlainAlert extends ChannelInboundHandlerAdapter {
    // RFC 8446, section 5.1: type, version 2, length 2; an alert is a level and a description.
    private static final int HEADER = 5;
    private static final int ALERT = 21;
    private static final int ALERT_LENGTH = 2;

    private int description = -1;

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof ByteBuf bytes) {
            look(bytes);
        }
        context.fireChannelRead(message);
    }

    /** By whole records, as clients send them; what is cut is not looked at. */
    private void look(ByteBuf bytes) {
        int at = bytes.readerIndex();
        while (bytes.writerIndex() - at >= HEADER + ALERT_LENGTH) {
            int length = bytes.getUnsignedShort(at + 3);
            if (bytes.getUnsignedByte(at) == ALERT && length == ALERT_LENGTH) {
                description = bytes.getUnsignedByte(at + HEADER + 1);
            }
            at += HEADER + length;
        }
    }

    /** As RFC 8446, section 6, names it; empty where there was none. */
    Optional<String> name() {
        return switch (description) {
            case -1 -> Optional.empty();
            case 42 -> Optional.of("bad_certificate");
            case 43 -> Optional.of("unsupported_certificate");
            case 46 -> Optional.of("certificate_unknown");
            case 48 -> Optional.of("unknown_ca");
            case 49 -> Optional.of("access_denied");
            default -> Optional.of("alert " + description);
        };
    }
}
