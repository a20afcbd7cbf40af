package io.culvert.gateway.http;

import io.culvert.hook.Reason;
import io.netty.buffer.ByteBuf;

/**
 * Reads messages of HTTP/1 (RFC 9112), strictly: what two readers could understand differently is
 * refused and not repaired (section 11.2), since the next one in the row may be the other reader.
 *
 * <p>It is asked for one {@link Event} after the other and takes from the buffer what the event is
 * made of; on {@link Event#MORE} what is left is to be offered again with more behind it. Nothing
 * is gathered: pieces of a body are slices of what was read.
 *
 * <p>Reusable, message by message; confined to one thread.
 */
abstract class MessageReader {
    enum Event {
        /** Nothing can be said before more is read. */
        MORE,
        /** The head is read; see {@link #isComplete} for whether that is all. */
        HEAD,
        /** A piece of the body is in {@link #body}. */
        BODY,
        /** The body has ended, with what is in {@link #trailers}. */
        END,
        /** The message cannot be understood, for {@link #reason}. Nothing more is read. */
        REFUSED
    }

    /** How a body ends (RFC 9112 section 6.3). */
    enum Framing {
        NONE,
        LENGTH,
        CHUNKED,
        UNTIL_CLOSE
    }

    private enum State {
        START_LINE,
        FIELDS,
        LENGTH,
        CHUNK_SIZE,
        CHUNK,
        CHUNK_END,
        TRAILERS,
        UNTIL_CLOSE,
        COMPLETE,
        REFUSED
    }

    /** Of a chunk's size with its extensions. */
    private static final int CHUNK_LINE = 4096;

    /** How much more extensions and sizes of chunks may come to than what they frame. */
    private static final long CHUNK_EXCESS = 16 * 1024;

    private static final int CHUNK_SIZE_DIGITS = 15;

    private final HeadLimits limits;
    private State state = State.START_LINE;

    /** How far the buffer is known to have no line's end. */
    private int scanned;

    private int headBytes;
    private int fieldCount;
    private long remaining;
    private long excess;
    private ByteBuf body;
    private Fields trailers;
    private Reason reason;

    MessageReader(HeadLimits limits) {
        this.limits = limits;
    }

    /** Where the fields of the head go. */
    abstract Fields fields();

    /**
     * Takes the first line.
     *
     * @return null, or what is wrong with it
     */
    abstract Reason startLine(ByteBuf in, int start, int length);

    /** The head is whole: what is wrong with it, or null. */
    abstract Reason head();

    /** How the body of the message, whose head was just read, ends. */
    abstract Framing framing();

    /** Of a body that has one. */
    abstract long contentLength();

    /** Why a first line may not be longer. */
    abstract Reason startLineTooLong();

    /** Turns to the next message. */
    void begin() {
        state = State.START_LINE;
        headBytes = 0;
        fieldCount = 0;
        excess = 0;
    }

    /** From now on all there is is a body that ends with the connection. */
    void tunnel() {
        state = State.UNTIL_CLOSE;
    }

    boolean isComplete() {
        return state == State.COMPLETE;
    }

    /** Whether nothing of a message has been taken yet. */
    boolean isAtStart() {
        return state == State.START_LINE && headBytes == 0;
    }

    boolean isInHead() {
        return state == State.START_LINE || state == State.FIELDS;
    }

    /** Of {@link Event#BODY}: the caller's to release. */
    ByteBuf body() {
        ByteBuf piece = body;
        body = null;
        return piece;
    }

    /** Of {@link Event#END}: null for none. */
    Fields trailers() {
        return trailers != null && trailers.count() > 0 ? trailers : null;
    }

    Reason reason() {
        return reason;
    }

    /** Of the connection's end: {@code END} where that ends the body. */
    Event close() {
        if (state == State.UNTIL_CLOSE) {
            state = State.COMPLETE;
            return Event.END;
        }
        return refuse(Reason.HTTP_SYNTAX);
    }

    Event next(ByteBuf in) {
        for (; ; ) {
            switch (state) {
                case START_LINE, FIELDS, CHUNK_SIZE, CHUNK_END, TRAILERS -> {
                    Event event = line(in);
                    if (event != null) {
                        return event;
                    }
                }
                case LENGTH, CHUNK -> {
                    if (!in.isReadable()) {
                        return Event.MORE;
                    }
                    int length = (int) Math.min(remaining, in.readableBytes());
                    body = in.readRetainedSlice(length);
                    remaining -= length;
                    if (remaining == 0) {
                        state = state == State.LENGTH ? State.COMPLETE : State.CHUNK_END;
                    }
                    return Event.BODY;
                }
                case UNTIL_CLOSE -> {
                    if (!in.isReadable()) {
                        return Event.MORE;
                    }
                    body = in.readRetainedSlice(in.readableBytes());
                    return Event.BODY;
                }
                case COMPLETE -> {
                    return Event.MORE;
                }
                case REFUSED -> {
                    return Event.REFUSED;
                }
            }
        }
    }

    /** Takes a line, if there is a whole one; null to go on. */
    private Event line(ByteBuf in) {
        int start = in.readerIndex();
        int end = in.indexOf(start + scanned, in.writerIndex(), (byte) '\n');
        if (end < 0) {
            scanned = in.readableBytes();
            return isTooLong(scanned) ? refuse(tooLong()) : Event.MORE;
        }
        scanned = 0;
        int length = end - start - 1;
        if (isTooLong(length)) {
            return refuse(tooLong());
        }
        // RFC 9112 section 2.2 lets a reader take a lone LF for a line's end; that is how two
        // readers come to differ.
        if (length < 0 || in.getByte(end - 1) != '\r') {
            return refuse(Reason.HTTP_BARE_LINE_FEED);
        }
        in.readerIndex(end + 1);
        return switch (state) {
            case START_LINE -> first(in, start, length);
            case FIELDS -> field(in, start, length);
            case CHUNK_SIZE -> chunkSize(in, start, length);
            case CHUNK_END -> chunkEnd(length);
            default -> trailer(in, start, length);
        };
    }

    private boolean isTooLong(int length) {
        return switch (state) {
            case CHUNK_SIZE -> length > CHUNK_LINE;
            case CHUNK_END -> length > 1;
            default -> headBytes + length > limits.bytes();
        };
    }

    private Reason tooLong() {
        return switch (state) {
            case START_LINE -> startLineTooLong();
            case CHUNK_SIZE -> Reason.HTTP_CHUNK_EXTENSION;
            case CHUNK_END -> Reason.HTTP_CHUNK;
            default -> Reason.HTTP_FIELDS_TOO_LONG;
        };
    }

    private Event first(ByteBuf in, int start, int length) {
        headBytes += length + 2;
        // RFC 9112 section 2.2: an empty line in front of a request is overlooked.
        if (length == 0) {
            return null;
        }
        Reason wrong = startLine(in, start, length);
        state = State.FIELDS;
        return wrong == null ? null : refuse(wrong);
    }

    private Event field(ByteBuf in, int start, int length) {
        headBytes += length + 2;
        if (length > 0) {
            if (++fieldCount > limits.fields()) {
                return refuse(Reason.HTTP_FIELDS_TOO_LONG);
            }
            Reason wrong = fields().addLine(in, start, length);
            return wrong == null ? null : refuse(wrong);
        }
        Reason wrong = head();
        if (wrong != null) {
            return refuse(wrong);
        }
        trailers = null;
        switch (framing()) {
            case NONE -> state = State.COMPLETE;
            case LENGTH -> {
                remaining = contentLength();
                state = remaining == 0 ? State.COMPLETE : State.LENGTH;
            }
            case CHUNKED -> state = State.CHUNK_SIZE;
            case UNTIL_CLOSE -> state = State.UNTIL_CLOSE;
        }
        return Event.HEAD;
    }

    /** RFC 9112 section 7.1. */
    private Event chunkSize(ByteBuf in, int start, int length) {
        long size = 0;
        int digits = 0;
        while (digits < length) {
            int digit = Characters.hexadecimal(in.getByte(start + digits));
            if (digit < 0) {
                break;
            }
            size = (size << 4) | digit;
            digits++;
        }
        if (digits == 0 || digits > CHUNK_SIZE_DIGITS) {
            return refuse(Reason.HTTP_CHUNK);
        }
        if (digits < length) {
            if (in.getByte(start + digits) != ';') {
                return refuse(Reason.HTTP_CHUNK);
            }
            for (int i = start + digits; i < start + length; i++) {
                byte b = in.getByte(i);
                if ((b < ' ' && b >= 0 && b != '\t') || b == 0x7f) {
                    return refuse(Reason.HTTP_CHUNK);
                }
            }
        }
        excess = Math.max(0, excess + length + 4 - 16 - 2 * size);
        if (excess > CHUNK_EXCESS) {
            return refuse(Reason.HTTP_CHUNK_EXTENSION);
        }
        remaining = size;
        state = size == 0 ? State.TRAILERS : State.CHUNK;
        return null;
    }

    private Event chunkEnd(int length) {
        if (length != 0) {
            return refuse(Reason.HTTP_CHUNK);
        }
        state = State.CHUNK_SIZE;
        return null;
    }

    private Event trailer(ByteBuf in, int start, int length) {
        headBytes += length + 2;
        if (length == 0) {
            state = State.COMPLETE;
            if (trailers != null) {
                Trailers.clean(trailers);
            }
            return Event.END;
        }
        if (++fieldCount > limits.fields()) {
            return refuse(Reason.HTTP_FIELDS_TOO_LONG);
        }
        if (trailers == null) {
            trailers = new Fields();
        }
        Reason wrong = trailers.addLine(in, start, length);
        return wrong == null ? null : refuse(wrong);
    }

    private Event refuse(Reason why) {
        state = State.REFUSED;
        reason = why;
        return Event.REFUSED;
    }
}
