package io.culvert.gateway.tls;

import java.io.IOException;

/** A certificate, key or authority cannot be used; the message is a sentence for the operator. */
public final class TlsException extends IOException {
    private static final long serialVersionUID = 1L;

    TlsException(String message) {
        super(message);
    }

    TlsException(String message, Throwable cause) {
        super(message, cause);
    }
}
