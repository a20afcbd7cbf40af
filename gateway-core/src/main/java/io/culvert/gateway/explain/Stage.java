package io.culvert.gateway.explain;

import java.util.List;

/**
 * One thing that is looked at on a packet's way.
 *
 * @param stage what, in one word
 * @param verdict what came of it, in a word or a name
 * @param text the rest of it, for people
 * @param notes what is of use to who wants to know all
 */
public record Stage(String stage, String verdict, String text, List<String> notes) {
    public Stage {
        notes = List.copyOf(notes);
    }

    public Stage(String stage, String verdict, String text) {
        this(stage, verdict, text, List.of());
    }
}
