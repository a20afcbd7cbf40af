package io.culvert.gateway.demo;

import java.io.IOException;

/** Something that the gateway promises, tried once. */
interface Scene {
    /** What is tried, in a few words. */
    String title();

    /** What has to come of it. */
    String expectation();

    /**
     * Tries it.
     *
     * @return what was measured
     * @throws IOException with what was seen instead
     */
    String play(Stage stage) throws IOException;

    /** Something else than expected was seen. */
    final class Surprise extends IOException {
        private static final long serialVersionUID = 1L;

        Surprise(String seen) {
            super(seen);
        }
    }
}
