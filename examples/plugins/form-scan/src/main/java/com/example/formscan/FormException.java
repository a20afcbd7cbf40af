package com.example.formscan;

/** A form that is not let pass; the message says why. */
final class FormException extends Exception {
    private static final long serialVersionUID = 1;

    FormException(String message) {
        super(message);
    }
}
