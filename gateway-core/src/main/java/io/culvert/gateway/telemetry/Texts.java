package io.culvert.gateway.telemetry;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** Texts of others, made fit to be written. */
final class Texts {
    private Texts() {}

    /**
     * The text with U+FFFD in the place of each half of a character: UTF-8 has no bytes for one,
     * and writers either refuse the whole text or write a question mark.
     */
    static String wellFormed(String text) {
        StringBuilder mended = null;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isHighSurrogate(c)
                    && i + 1 < text.length()
                    && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
            } else if (Character.isSurrogate(c)) {
                if (mended == null) {
                    mended = new StringBuilder(text);
                }
                mended.setCharAt(i, '\ufffd');
            }
        }
        return mended == null ? text : mended.toString();
    }

    /** Why a file cannot be used; the message of a file's exception begins with its path. */
    static String reason(IOException e) {
        return switch (e) {
            case AccessDeniedException _ -> "permission denied";
            case NoSuchFileException _ -> "no such directory";
            case FileSystemException file -> String.valueOf(file.getReason());
            default -> String.valueOf(e.getMessage());
        };
    }
}
