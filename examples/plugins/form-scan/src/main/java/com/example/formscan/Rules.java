package com.example.formscan;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/** What a form may hold, looked at from its beginning to its end. */
final class Rules {
    private final List<String> words;
    private final List<String> endings;
    private final int fields;
    private final long largest;

    /** Of a text as much as a word may be cut by a piece. */
    private final int kept;

    private int count;
    private long size;
    private boolean file;
    private byte[] rest = {};

    Rules(FormScanPlugin.Settings settings) {
        words = lower(settings.words());
        endings = lower(settings.endings());
        fields = settings.fields();
        largest = settings.file();
        // A character of a word is 4 bytes at most, and some are longer in capitals.
        kept = 6 * words.stream().mapToInt(String::length).max().orElse(0);
    }

    private static List<String> lower(List<String> words) {
        return words.stream().map(word -> word.toLowerCase(Locale.ROOT)).toList();
    }

    /** A field begins. */
    void field() throws FormException {
        next();
        file = false;
    }

    /** A file begins. */
    void file(String name) throws FormException {
        next();
        file = true;
        String lower = name.toLowerCase(Locale.ROOT);
        for (String ending : endings) {
            // Windows overlooks dots and spaces at a name's end.
            if (lower.replaceAll("[. ]+$", "").endsWith(ending)) {
                throw new FormException("the form has a file \"*" + ending + '"');
            }
        }
    }

    private void next() throws FormException {
        if (++count > fields) {
            throw new FormException("the form has more than " + fields + " fields");
        }
        size = 0;
        rest = new byte[0];
    }

    /** More of what began last. */
    void content(byte[] bytes, int from, int to) throws FormException {
        size += to - from;
        if (file) {
            if (size > largest) {
                throw new FormException("the form has a file of more than " + largest + " bytes");
            }
            return;
        }
        if (words.isEmpty() || from == to) {
            return;
        }
        byte[] all = Bytes.concat(rest, bytes, from, to);
        String text = new String(all, StandardCharsets.UTF_8).toLowerCase(Locale.ROOT);
        for (String word : words) {
            if (text.contains(word)) {
                throw new FormException("the form holds \"" + word + '"');
            }
        }
        rest = Bytes.last(all, kept);
    }
}
