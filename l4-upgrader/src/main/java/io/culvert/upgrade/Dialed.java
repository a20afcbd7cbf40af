package io.culvert.upgrade;

import io.culvert.hook.Reason;

/**
 * What came of a handler's asking for its target.
 *
 * @param stream {@code null} where it failed
 * @param failure {@code null} where it did not
 */
record Dialed(SocketStream stream, Reason failure) {}
