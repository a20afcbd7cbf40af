package io.culvert.gateway.upstream;

import io.culvert.hook.Reason;

/** What an upstream says to a request: which server, or why none. */
public sealed interface Choice permits Pick, Choice.Refused {
    /** No server takes the request now. */
    record Refused(Reason reason) implements Choice {}
}
