package com.example.sshaudit;

import java.nio.ByteBuffer;

/**
 * The line that each side of SSH begins with (RFC 4253 section 4.2): {@code
 * SSH-protoversion-softwareversion comments}. A server may say other lines before it. Written by
 * one thread, and read by any once that is over.
 */
final class Greeting {
    /** RFC 4253 section 4.2: with carriage return and line feed. */
    private static final int LONGEST_LINE = 255;

    /**
     * Lines before it are not bounded by the RFC; these are, so that nobody is listened to long.
     */
    private static final int LONGEST_ALL = 8192;

    private final StringBuilder line = new StringBuilder();
    private int heard;
    private volatile String text = "";
    private volatile boolean complete;

    /** Whether the line has come, or something that is none. */
    boolean isComplete() {
        return complete;
    }

    /** Listens until the line is complete. */
    void hear(ByteBuffer bytes) {
        while (!complete && bytes.hasRemaining()) {
            byte one = bytes.get();
            heard++;
            if (one == '\n') {
                end();
            } else if (one != '\r') {
                // What is not printable would forge log lines.
                line.append(one >= ' ' && one < 127 && one != '"' ? (char) one : '?');
            }
            if (line.length() > LONGEST_LINE || heard > LONGEST_ALL) {
                complete = true;
            }
        }
    }

    private void end() {
        if (line.indexOf("SSH-") == 0) {
            text = line.toString();
            complete = true;
        }
        line.setLength(0);
    }

    /** Such as {@code 2.0}; empty where this was no greeting. */
    String version() {
        int from = "SSH-".length();
        int to = text.indexOf('-', from);
        return to < 0 ? "" : text.substring(from, to);
    }

    /** The line; empty where none has come. */
    @Override
    public String toString() {
        return text;
    }
}
