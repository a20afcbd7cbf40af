package com.example.formscan;

import java.io.ByteArrayOutputStream;

/** {@code application/x-www-form-urlencoded}: {@code a=b&c=d}, with escapes. */
final class EncodedForm implements FormReader {
    private final Rules rules;
    private final ByteArrayOutputStream plain = new ByteArrayOutputStream();

    /** Digits of an escape that is not whole yet; empty behind the percent sign. */
    private StringBuilder escape;

    private boolean begun;

    EncodedForm(Rules rules) {
        this.rules = rules;
    }

    @Override
    public void read(byte[] piece) throws FormException {
        for (byte each : piece) {
            if (!begun) {
                begun = true;
                rules.field();
            }
            take((char) (each & 0xff));
        }
        look();
    }

    private void take(char each) throws FormException {
        if (escape != null && Character.digit(each, 16) >= 0) {
            escape.append(each);
            if (escape.length() == 2) {
                plain.write(Integer.parseInt(escape.toString(), 16));
                escape = null;
            }
            return;
        }
        spill();
        switch (each) {
            case '&' -> {
                look();
                begun = false;
            }
            case '=' -> {
                look();
                rules.content(new byte[] {'='}, 0, 1);
            }
            case '+' -> plain.write(' ');
            case '%' -> escape = new StringBuilder();
            default -> plain.write(each);
        }
    }

    /** An escape that is none is what it is. */
    private void spill() {
        if (escape != null) {
            plain.write('%');
            escape.chars().forEach(plain::write);
            escape = null;
        }
    }

    private void look() throws FormException {
        rules.content(plain.toByteArray(), 0, plain.size());
        plain.reset();
    }

    @Override
    public void end() throws FormException {
        spill();
        look();
    }
}
