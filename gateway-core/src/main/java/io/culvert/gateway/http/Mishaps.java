package io.culvert.gateway.http;

import io.netty.handler.codec.DecoderException;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;

/** What ends a connection and is nobody's doing but the gateway's. */
final class Mishaps {
    private static final Logger LOG = LoggerFactory.getLogger(Mishaps.class);

    private Mishaps() {}

    /** Says so where it is no matter of the network or of what the other end sent. */
    static void log(Throwable cause) {
        if (!(cause instanceof IOException) && !(cause instanceof DecoderException)) {
            LOG.warn("An HTTP connection was closed for an error of the gateway's own", cause);
        }
    }
}
