package io.culvert.gateway.config;

import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.parser.Parser;

/** A parser that stops at lists in lists that go on for ever, since its reader recurses. */
final class BoundedParser implements Parser {
    private static final int DEEPEST = 32;

    private final Parser parser;
    private int depth;

    BoundedParser(Parser parser) {
        this.parser = parser;
    }

    @Override
    public boolean checkEvent(Event.ID id) {
        return parser.checkEvent(id);
    }

    @Override
    public Event peekEvent() {
        return parser.peekEvent();
    }

    @Override
    public boolean hasNext() {
        return parser.hasNext();
    }

    @Override
    public Event next() {
        Event event = parser.next();
        switch (event.getEventId()) {
            case MappingStart, SequenceStart -> depth++;
            case MappingEnd, SequenceEnd -> depth--;
            default -> {}
        }
        if (depth > DEEPEST) {
            throw new YamlTree.TooMuch(
                    event.getStartMark().map(YamlTree::position).orElse(Position.START),
                    "this is nested more than " + DEEPEST + " deep");
        }
        return event;
    }
}
