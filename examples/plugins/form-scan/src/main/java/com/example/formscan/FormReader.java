package com.example.formscan;

/** Reads a form piece by piece, keeping no more of it than a piece may have cut. */
interface FormReader {
    /** More of it. */
    void read(byte[] piece) throws FormException;

    /** That was all. */
    void end() throws FormException;
}
