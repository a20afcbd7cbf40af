package com.example.formscan;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * {@code multipart/form-data} (RFC 7578, RFC 2046 section 5.1): parts between lines that say the
 * boundary, each with a head of its own. Read strictly, since whoever reads it behind us may
 * understand otherwise what is not clear.
 */
final class MultipartForm implements FormReader {
    /** Of a part's head. */
    private static final int LONGEST_HEAD = 16 * 1024;

    private static final byte[] HEAD_END = {'\r', '\n', '\r', '\n'};

    private final Rules rules;
    private final byte[] delimiter;
    private State state = State.PREAMBLE;

    /** What was read and is not understood yet; a delimiter may begin with the form. */
    private byte[] held = {'\r', '\n'};

    /** Whether what is held begins with the end of a head's last line. */
    private boolean fresh;

    private enum State {
        PREAMBLE,
        HEAD,
        CONTENT,
        EPILOGUE
    }

    MultipartForm(String boundary, Rules rules) throws FormException {
        // RFC 2046 section 5.1.1.
        if (!boundary.matches("[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")) {
            throw new FormException("the form's boundary is missing, or is none");
        }
        delimiter = ("\r\n--" + boundary).getBytes(StandardCharsets.US_ASCII);
        this.rules = rules;
    }

    @Override
    public void read(byte[] piece) throws FormException {
        held = Bytes.concat(held, piece, 0, piece.length);
        while (step()) {
            // Each step is its own reason to go on.
        }
    }

    /** Takes what can be taken; whether there may be more. */
    private boolean step() throws FormException {
        return switch (state) {
            case HEAD -> head();
            case PREAMBLE, CONTENT -> content();
            case EPILOGUE -> {
                held = new byte[0];
                yield false;
            }
        };
    }

    private boolean content() throws FormException {
        int end = Bytes.find(held, delimiter, 0);
        if (end == 0 && fresh) {
            // One reader takes it for an empty part, another one for its content.
            throw new FormException("the form has a part that has no content");
        }
        if (end < 0) {
            // A delimiter may have come in part.
            take(Math.max(0, held.length - delimiter.length + 1));
            return false;
        }
        int behind = end + delimiter.length;
        if (held.length < behind + 2) {
            take(end);
            return false;
        }
        boolean line = held[behind] == '\r' && held[behind + 1] == '\n';
        if (!line && (held[behind] != '-' || held[behind + 1] != '-')) {
            throw new FormException("the form has a line that is a boundary, and goes on");
        }
        take(end);
        // The line's end stays, as a head may have no line: then it ends with that.
        held = Bytes.last(held, held.length - delimiter.length - (line ? 0 : 2));
        state = line ? State.HEAD : State.EPILOGUE;
        return true;
    }

    /** Some of what is held is content. */
    private void take(int length) throws FormException {
        int from = fresh ? 2 : 0;
        if (length < from) {
            return;
        }
        if (state == State.CONTENT) {
            rules.content(held, from, length);
        }
        fresh = false;
        held = Bytes.last(held, held.length - length);
    }

    private boolean head() throws FormException {
        int end = Bytes.find(held, HEAD_END, 0);
        if ((end < 0 ? held.length : end) > LONGEST_HEAD) {
            throw new FormException("the form has a part whose head is too long");
        }
        if (end < 0) {
            return false;
        }
        part(new String(held, 0, end, StandardCharsets.UTF_8));
        held = Bytes.last(held, held.length - end - 2);
        state = State.CONTENT;
        fresh = true;
        return true;
    }

    private void part(String head) throws FormException {
        ContentType disposition = null;
        for (String line : head.split("\r\n", -1)) {
            int colon = line.indexOf(':');
            if (line.isEmpty()) {
                continue;
            }
            if (colon <= 0 || Character.isWhitespace(line.charAt(0)) || line.indexOf('\n') >= 0) {
                throw new FormException("the form has a part whose head cannot be read");
            }
            String value = line.substring(colon + 1).strip();
            switch (line.substring(0, colon).toLowerCase(Locale.ROOT)) {
                case "content-disposition" -> {
                    if (disposition != null) {
                        throw new FormException("the form has a part that is two");
                    }
                    disposition = ContentType.parse(value);
                }
                case "content-transfer-encoding" -> {
                    // RFC 7578 section 4.7.
                    if (!value.matches("(?i)7bit|8bit|binary")) {
                        throw new FormException("the form has a part in " + value);
                    }
                }
                default -> {}
            }
        }
        if (disposition == null || !disposition.name().equals("form-data")) {
            throw new FormException("the form has a part that is no field");
        }
        // RFC 7578 section 4.2.
        if (disposition.parameters().containsKey("filename*")) {
            throw new FormException("the form has a file whose name is written in two ways");
        }
        if (disposition.parameters().containsKey("filename")) {
            rules.file(disposition.parameter("filename"));
        } else {
            rules.field();
        }
    }

    @Override
    public void end() throws FormException {
        if (state != State.EPILOGUE) {
            throw new FormException("the form is not whole");
        }
    }
}
