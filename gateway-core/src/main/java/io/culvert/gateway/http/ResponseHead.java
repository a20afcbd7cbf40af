package io.culvert.gateway.http;

/**
 * What an answer says before its body, whatever the version it came in; see {@link RequestHead}.
 *
 * <p>Reusable; confined to one thread.
 */
public final class ResponseHead {
    /** The length is not said: the body ends with the stream, the connection or the last chunk. */
    public static final long UNKNOWN_LENGTH = -1;

    final Fields fields = new Fields();
    int status;
    String phrase = "";

    /** As the field says, which for HEAD and 304 is not what follows. */
    long contentLength;

    /** Whether no body follows, whatever the length. */
    boolean bodiless;

    /** With 101: what is spoken from then on. */
    String upgrade;

    boolean keepAlive;

    /** By which it came, 1 or 2; of 1 the minor version as well. */
    int version;

    int minorVersion;

    void clear() {
        fields.clear();
        status = 0;
        phrase = "";
        contentLength = UNKNOWN_LENGTH;
        bodiless = false;
        upgrade = null;
        keepAlive = true;
        version = 1;
        minorVersion = 1;
    }

    /** One that nobody else has. */
    ResponseHead copy() {
        ResponseHead copy = new ResponseHead();
        copy.fields.copyOf(fields);
        copy.status = status;
        copy.phrase = phrase;
        copy.contentLength = contentLength;
        copy.bodiless = bodiless;
        copy.upgrade = upgrade;
        copy.keepAlive = keepAlive;
        copy.version = version;
        copy.minorVersion = minorVersion;
        return copy;
    }

    public Fields fields() {
        return fields;
    }

    public int status() {
        return status;
    }

    /** Whether another head follows: 1xx other than 101 (RFC 9110 section 15.2). */
    boolean isInformational() {
        return status < 200 && status != 101;
    }
}
