package io.culvert.gateway.control;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * What a client asks: a word alone, or, where there is more to say, an object of JSON. Either is
 * one line; {@code length} bytes, a configuration, follow it.
 *
 * @param request the word
 * @param name what errors call the configuration; empty for the one that the gateway was started
 *     with, which it reads itself
 * @param confirmMillis within how soon the change has to be confirmed; 0 where it has not to be
 * @param recheckFlows whether flows that live are asked of the new policy
 */
public record Request(
        String request,
        String name,
        int length,
        @JsonProperty("confirm_ms") long confirmMillis,
        @JsonProperty("recheck_flows") boolean recheckFlows) {

    /** A word alone. */
    static Request of(String word) {
        return new Request(word, "", 0, 0, false);
    }
}
