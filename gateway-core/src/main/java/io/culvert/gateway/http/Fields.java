package io.culvert.gateway.http;

import io.culvert.hook.Reason;
import io.netty.buffer.ByteBuf;
import io.netty.util.AsciiString;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The fields of a head or a trailer, in their order (RFC 9110 section 5). All text lies in one
 * array and is not made into objects unless somebody asks: most fields are passed on and never
 * looked at. Text is ISO 8859-1, so that any byte survives.
 *
 * <p>A field is known by its index, from 0 to below {@link #count}. One that was removed keeps its
 * index and is not {@link #isLive}.
 *
 * <p>Reusable; confined to one thread.
 */
public final class Fields {
    private static final int STRIDE = 4;
    private static final int NAME = 0, NAME_LENGTH = 1, VALUE = 2, VALUE_LENGTH = 3;

    private byte[] bytes = new byte[1024];
    private int used;
    private int[] spans = new int[STRIDE * 16];

    /** Null for one that was removed. */
    private FieldKind[] kinds = new FieldKind[16];

    private int count;

    /** Forgets all. */
    void clear() {
        used = 0;
        count = 0;
    }

    /** How many there are or were. */
    int count() {
        return count;
    }

    /** Whether the field was not removed. */
    boolean isLive(int index) {
        return kinds[index] != null;
    }

    FieldKind kind(int index) {
        return kinds[index];
    }

    /**
     * Adds what a line of HTTP/1 says (RFC 9112 section 5).
     *
     * @param length without CRLF
     * @return null, or what is wrong with it
     */
    Reason addLine(ByteBuf in, int start, int length) {
        room(length);
        int from = used;
        in.getBytes(start, bytes, from, length);
        int end = from + length;
        int colon = from;
        while (colon < end && bytes[colon] != ':') {
            colon++;
        }
        if (bytes[from] == ' ' || bytes[from] == '\t') {
            return Reason.HTTP_FOLDED_FIELD;
        }
        if (colon == end) {
            return Reason.HTTP_SYNTAX;
        }
        if (colon > from && isBlank(bytes[colon - 1])) {
            return Reason.HTTP_SPACE_BEFORE_COLON;
        }
        int value = colon + 1;
        while (value < end && isBlank(bytes[value])) {
            value++;
        }
        while (end > value && isBlank(bytes[end - 1])) {
            end--;
        }
        if (!Characters.isToken(bytes, from, colon - from)
                || !Characters.isValue(bytes, value, end - value)) {
            return Reason.HTTP_SYNTAX;
        }
        used = end;
        put(FieldKind.of(bytes, from, colon - from), from, colon - from, value, end - value);
        return null;
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || b == '\t';
    }

    /** Adds a field whose name and value are known to be good. */
    public void add(CharSequence name, CharSequence value) {
        int length = name.length() + value.length();
        room(length);
        int from = used;
        copy(name);
        copy(value);
        FieldKind kind = FieldKind.of(bytes, from, name.length());
        put(kind, from, name.length(), from + name.length(), value.length());
    }

    private void copy(CharSequence text) {
        if (text instanceof AsciiString ascii) {
            System.arraycopy(ascii.array(), ascii.arrayOffset(), bytes, used, ascii.length());
        } else {
            for (int i = 0; i < text.length(); i++) {
                char c = text.charAt(i);
                bytes[used + i] = c > 0xff ? (byte) '?' : (byte) c;
            }
        }
        used += text.length();
    }

    private void put(FieldKind kind, int name, int nameLength, int value, int valueLength) {
        if (count == kinds.length) {
            kinds = Arrays.copyOf(kinds, 2 * count);
            spans = Arrays.copyOf(spans, STRIDE * 2 * count);
        }
        kinds[count] = kind;
        int at = STRIDE * count;
        spans[at + NAME] = name;
        spans[at + NAME_LENGTH] = nameLength;
        spans[at + VALUE] = value;
        spans[at + VALUE_LENGTH] = valueLength;
        count++;
    }

    private void room(int length) {
        if (used + length > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, used + length));
        }
    }

    /** The first of a kind at or behind an index; negative if there is none. */
    int find(FieldKind kind, int from) {
        for (int i = from; i < count; i++) {
            if (kinds[i] == kind) {
                return i;
            }
        }
        return -1;
    }

    /** The first of a name, in whatever case; negative if there is none. */
    public int find(CharSequence name) {
        for (int i = 0; i < count; i++) {
            if (kinds[i] != null && isNamed(i, name)) {
                return i;
            }
        }
        return -1;
    }

    private boolean isNamed(int index, CharSequence name) {
        int at = STRIDE * index;
        return spans[at + NAME_LENGTH] == name.length()
                && isText(spans[at + NAME], name.length(), name);
    }

    private boolean isText(int start, int length, CharSequence text) {
        for (int i = 0; i < length; i++) {
            if (Characters.lower(bytes[start + i]) != Characters.lower((byte) text.charAt(i))) {
                return false;
            }
        }
        return true;
    }

    /** Whether a field's value is a word, in whatever case. */
    boolean isValue(int index, CharSequence word) {
        int at = STRIDE * index;
        return spans[at + VALUE_LENGTH] == word.length()
                && isText(spans[at + VALUE], word.length(), word);
    }

    void remove(int index) {
        kinds[index] = null;
    }

    /** Removes all of a name. */
    public void remove(CharSequence name) {
        for (int i; (i = find(name)) >= 0; ) {
            remove(i);
        }
    }

    public String name(int index) {
        return text(spans[STRIDE * index + NAME], spans[STRIDE * index + NAME_LENGTH]);
    }

    public String value(int index) {
        return text(spans[STRIDE * index + VALUE], spans[STRIDE * index + VALUE_LENGTH]);
    }

    /** The value of the first of a name; null if there is none. */
    public String value(CharSequence name) {
        int index = find(name);
        return index < 0 ? null : value(index);
    }

    private String text(int start, int length) {
        return new String(bytes, start, length, StandardCharsets.ISO_8859_1);
    }

    /** The name in lower case, for HTTP/2. */
    AsciiString lowerName(int index) {
        if (kinds[index] != FieldKind.OTHER) {
            return kinds[index].text();
        }
        int start = spans[STRIDE * index + NAME];
        byte[] name = new byte[spans[STRIDE * index + NAME_LENGTH]];
        for (int i = 0; i < name.length; i++) {
            name[i] = Characters.lower(bytes[start + i]);
        }
        return new AsciiString(name, false);
    }

    /** A copy of the value. */
    AsciiString asciiValue(int index) {
        return new AsciiString(
                bytes, spans[STRIDE * index + VALUE], spans[STRIDE * index + VALUE_LENGTH], true);
    }

    /** A number of up to 18 digits and nothing else; negative if it is none. */
    long number(int index) {
        int start = spans[STRIDE * index + VALUE];
        int length = spans[STRIDE * index + VALUE_LENGTH];
        if (length == 0 || length > 18) {
            return -1;
        }
        long number = 0;
        for (int i = start; i < start + length; i++) {
            if (!Characters.isDigit(bytes[i])) {
                return -1;
            }
            number = 10 * number + bytes[i] - '0';
        }
        return number;
    }

    /** Writes a field's line, CRLF included. */
    void writeLine(int index, ByteBuf out) {
        int at = STRIDE * index;
        int name = spans[at + NAME];
        out.writeBytes(bytes, name, spans[at + NAME_LENGTH]);
        out.writeShort(COLON);
        out.writeBytes(bytes, spans[at + VALUE], spans[at + VALUE_LENGTH]);
        out.writeShort(CRLF);
    }

    static final int COLON = (':' << 8) | ' ';
    static final int CRLF = ('\r' << 8) | '\n';

    /** Writes the lines of all that are left. */
    void writeLines(ByteBuf out) {
        for (int i = 0; i < count; i++) {
            if (kinds[i] != null) {
                writeLine(i, out);
            }
        }
    }

    /** Makes this one hold what another does. */
    void copyOf(Fields other) {
        clear();
        room(other.used);
        System.arraycopy(other.bytes, 0, bytes, 0, other.used);
        used = other.used;
        if (kinds.length < other.count) {
            kinds = new FieldKind[other.kinds.length];
            spans = new int[other.spans.length];
        }
        System.arraycopy(other.kinds, 0, kinds, 0, other.count);
        System.arraycopy(other.spans, 0, spans, 0, STRIDE * other.count);
        count = other.count;
    }

    /** Bytes of all names and values that are left, with 4 for each line. */
    int size() {
        int size = 0;
        for (int i = 0; i < count; i++) {
            if (kinds[i] != null) {
                size += spans[STRIDE * i + NAME_LENGTH] + spans[STRIDE * i + VALUE_LENGTH] + 4;
            }
        }
        return size;
    }
}
