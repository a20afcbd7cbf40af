package io.culvert.gateway.detect;

/** How far bytes have been recognized. */
public enum Progress {
    /** They may yet become it: look again when there are more. */
    MORE,
    /** They are it, and all is known that there is to know. */
    KNOWN,
    /** They are not, whatever follows. */
    OTHER
}
