package io.culvert.gateway.tls;

import io.culvert.gateway.tls.TlsFigures.Handshake;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslHandshakeTimeoutException;

import java.nio.channels.ClosedChannelException;
import java.security.cert.CertificateException;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import javax.net.ssl.SSLPeerUnverifiedException;

/** Why a handshake failed, of what the engines throw: both say it in words alone. */
final class HandshakeFailure {
    /**
     * The JDK says "Received fatal alert: unknown_ca" or "(unknown_ca) Received fatal alert", and
     * BoringSSL "TLSV1_ALERT_UNKNOWN_CA" or "SSLV3_ALERT_CERTIFICATE_UNKNOWN".
     */
    private static final Pattern ALERT =
            Pattern.compile(
                    "(?:TLSV1|SSLV3)_ALERT_([A-Z0-9_]+)|Received fatal alert: ([a-z0-9_]+)"
                            + "|\\(([a-z0-9_]+)\\) Received fatal alert");

    private static final Pattern CERTIFICATE =
            Pattern.compile(
                    "CERTIFICATE_VERIFY_FAILED|PEER_DID_NOT_RETURN_A_CERTIFICATE"
                            + "|[Ee]mpty client certificate|PKIX|certificate_required");

    private HandshakeFailure() {}

    static Handshake of(Throwable cause) {
        for (Throwable each = cause; each != null; each = each.getCause()) {
            String message = String.valueOf(each.getMessage());
            if (each instanceof SslHandshakeTimeoutException) {
                return Handshake.TIMEOUT;
            } else if (each instanceof NotSslRecordException) {
                return Handshake.NOT_TLS;
            } else if (each instanceof CertificateException
                    || each instanceof SSLPeerUnverifiedException
                    || CERTIFICATE.matcher(message).find()) {
                return Handshake.CERTIFICATE;
            } else if (alert(each).isPresent()) {
                return Handshake.ALERT;
            } else if (each instanceof ClosedChannelException) {
                return Handshake.CLOSED;
            }
        }
        return Handshake.OTHER;
    }

    /** The alert that the other side has sent, as RFC 8446, section 6, names it. */
    static Optional<String> alert(Throwable cause) {
        for (Throwable each = cause; each != null; each = each.getCause()) {
            Matcher found = ALERT.matcher(String.valueOf(each.getMessage()));
            if (found.find()) {
                for (int i = 1; i <= found.groupCount(); i++) {
                    if (found.group(i) != null) {
                        return Optional.of(found.group(i).toLowerCase(Locale.ROOT));
                    }
                }
            }
        }
        return Optional.empty();
    }

    /** Whether an alert says that the other side does not believe our certificate. */
    static boolean isDistrust(String alert) {
        return switch (alert) {
            case "unknown_ca",
                    "bad_certificate",
                    "certificate_unknown",
                    "unsupported_certificate",
                    "access_denied" ->
                    true;
            default -> false;
        };
    }
}
