package io.culvert.gateway.http;

import io.culvert.hook.Reason;

/**
 * What a head of HTTP/1 says of its body (RFC 9112 section 6), taken out of the fields.
 *
 * <p>Reusable; confined to one thread.
 */
final class BodyLength {
    private boolean chunked;
    private long length;

    boolean isChunked() {
        return chunked;
    }

    /** Negative where none is said. */
    long length() {
        return length;
    }

    /** Null, or what is wrong. */
    Reason read(Fields fields, int minorVersion) {
        chunked = false;
        length = -1;
        int coding = fields.find(FieldKind.TRANSFER_ENCODING, 0);
        int number = fields.find(FieldKind.CONTENT_LENGTH, 0);
        if (coding >= 0) {
            if (number >= 0) {
                return Reason.HTTP_LENGTH_CONFLICT;
            }
            // Section 6.1: HTTP/1.0 has no transfer codings, and whoever says otherwise errs.
            if (minorVersion == 0
                    || !fields.isValue(coding, "chunked")
                    || fields.find(FieldKind.TRANSFER_ENCODING, coding + 1) >= 0) {
                return Reason.HTTP_TRANSFER_CODING;
            }
            chunked = true;
            fields.remove(coding);
        } else if (number >= 0) {
            if (fields.find(FieldKind.CONTENT_LENGTH, number + 1) >= 0
                    || fields.value(number).indexOf(',') >= 0) {
                return Reason.HTTP_LENGTH_REPEATED;
            }
            length = fields.number(number);
            if (length < 0) {
                return Reason.HTTP_LENGTH_INVALID;
            }
            fields.remove(number);
        }
        return null;
    }
}
