package io.culvert.gateway.config;

import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.composer.Composer;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.ReaderException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.parser.ParserImpl;
import org.snakeyaml.engine.v2.scanner.StreamReader;
import org.snakeyaml.engine.v2.schema.JsonSchema;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A YAML document as a JSON tree that remembers where in the text each key and value stood. Places
 * in the tree are named by JSON pointers (RFC 6901).
 *
 * <p>A document is bounded whatever it says: its depth, and its values after aliases have been
 * replaced by what they stand for, so a few lines of aliases of aliases cost nothing.
 */
final class YamlTree {
    private static final int MOST_VALUES = 200_000;
    // Beyond it a number is no setting of ours, only work for whoever parses it.
    private static final int LONGEST_NUMBER = 18;
    private static final long MOST_EXACT = 1L << 53;
    private static final Set<Tag> TAGS =
            Set.of(Tag.STR, Tag.INT, Tag.FLOAT, Tag.BOOL, Tag.NULL, Tag.SEQ, Tag.MAP);
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private final Map<String, Position> keys = new HashMap<>();
    private final Map<String, Position> values = new HashMap<>();
    private final Errors errors;
    private JsonNode root;

    private YamlTree(Errors errors) {
        this.errors = errors;
    }

    /** The tree, or empty when the text has none; what is wrong with it is added to the errors. */
    static Optional<YamlTree> parse(String text, Errors errors) {
        YamlTree tree = new YamlTree(errors);
        try {
            LoadSettings settings =
                    LoadSettings.builder()
                            .setSchema(new JsonSchema())
                            // A smaller buffer than the text breaks on a surrogate pair at its end.
                            .setBufferSize(text.length() + 16)
                            .setCodePointLimit(Integer.MAX_VALUE)
                            .setMaxAliasesForCollections(Integer.MAX_VALUE)
                            .setAllowNonScalarKeys(true)
                            .build();
            StreamReader reader = new StreamReader(settings, text);
            Composer composer =
                    new Composer(settings, new BoundedParser(new ParserImpl(settings, reader)));
            if (!composer.hasNext()) {
                errors.add(Position.START, "the configuration is empty");
                return Optional.empty();
            }
            tree.root = tree.json(composer.next(), "");
            if (composer.hasNext()) {
                errors.add(
                        position(composer.next()),
                        "a second document begins here; a configuration is one document");
            }
            return Optional.of(tree);
        } catch (MarkedYamlEngineException wrong) {
            errors.add(
                    wrong.getProblemMark()
                            .or(wrong::getContextMark)
                            .map(YamlTree::position)
                            .orElse(Position.START),
                    problem(wrong));
        } catch (ReaderException wrong) {
            errors.add(
                    positionOf(text, wrong.getPosition()),
                    "the character U+%04X may not stand in YAML".formatted(wrong.getCodePoint()));
        } catch (TooMuch wrong) {
            errors.add(wrong.position, wrong.getMessage());
        } catch (YamlEngineException wrong) {
            errors.add(Position.START, "this is not YAML: " + Printable.of(wrong.getMessage()));
        }
        return Optional.empty();
    }

    private static String problem(MarkedYamlEngineException wrong) {
        String problem = wrong.getProblem();
        if (problem.contains("\\t")) {
            return "a tab stands where YAML wants spaces";
        }
        if (problem.endsWith("found ':'")) {
            return "a value that begins with a colon, such as \"::/0\", must be in quotes";
        }
        String what =
                problem.contains("<block end>")
                        ? "the indentation fits nothing above"
                        : "this is not YAML: " + Printable.of(problem);
        return wrong.getContextMark()
                .filter(context -> !context.equals(wrong.getProblemMark().orElse(context)))
                .map(context -> what + ", in what begins on line " + position(context).line())
                .orElse(what);
    }

    /** The whole document. */
    JsonNode root() {
        return root;
    }

    JsonNode at(String pointer) {
        return root.at(pointer);
    }

    /** Where the value at the pointer begins. */
    Position value(String pointer) {
        return values.getOrDefault(pointer, Position.START);
    }

    /** Where the key at the end of the pointer stands; an element of a list has only a value. */
    Position key(String pointer) {
        return keys.getOrDefault(pointer, value(pointer));
    }

    /** The pointer to a child. */
    static String child(String pointer, String key) {
        return pointer + "/" + key.replace("~", "~0").replace("/", "~1");
    }

    private JsonNode json(Node node, String pointer) {
        if (values.size() >= MOST_VALUES) {
            throw new TooMuch(
                    position(node),
                    "there are more than " + MOST_VALUES + " values, aliases replaced");
        }
        values.put(pointer, position(node));
        if (!TAGS.contains(node.getTag())) {
            errors.add(
                    position(node),
                    "the tag %s has no meaning here"
                            .formatted(Printable.of(node.getTag().getValue())));
        }
        if (node.isRecursive()) {
            throw new TooMuch(position(node), "an alias stands inside what it stands for");
        }
        return switch (node) {
            case MappingNode mapping -> object(mapping, pointer);
            case SequenceNode sequence -> {
                var array = JSON.arrayNode();
                List<Node> elements = sequence.getValue();
                for (int i = 0; i < elements.size(); i++) {
                    array.add(json(elements.get(i), child(pointer, Integer.toString(i))));
                }
                yield array;
            }
            case ScalarNode scalar -> scalar(scalar);
            default -> throw new TooMuch(position(node), "this cannot be read");
        };
    }

    private JsonNode object(MappingNode mapping, String pointer) {
        var object = JSON.objectNode();
        for (NodeTuple tuple : mapping.getValue()) {
            Position position = position(tuple.getKeyNode());
            if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
                errors.add(position, "a key must be plain text, not a list or mapping");
                continue;
            }
            String name = key.getValue();
            String place = child(pointer, name);
            Position first = keys.get(place);
            if (object.has(name) && first != null) {
                errors.add(
                        position,
                        "the key \"%s\" is here a second time; the first is on line %d"
                                .formatted(Printable.of(name), first.line()));
                continue;
            }
            keys.put(place, position);
            object.set(name, json(tuple.getValueNode(), place));
        }
        return object;
    }

    private JsonNode scalar(ScalarNode scalar) {
        String text = scalar.getValue();
        Tag tag = scalar.getTag();
        if (tag.equals(Tag.NULL)) {
            return JSON.nullNode();
        }
        if (tag.equals(Tag.BOOL)) {
            return JSON.booleanNode(Boolean.parseBoolean(text));
        }
        if (tag.equals(Tag.INT) || tag.equals(Tag.FLOAT)) {
            return number(text);
        }
        return JSON.stringNode(text);
    }

    // What does not fit stays text and is then told to be no number.
    private static JsonNode number(String text) {
        if (text.length() > LONGEST_NUMBER) {
            return JSON.stringNode(text);
        }
        try {
            return JSON.numberNode(Long.parseLong(text));
        } catch (NumberFormatException notWhole) {
            return fraction(text);
        }
    }

    // JSON Schema's core §4.2.3 counts 1500.0 as a whole number, so it becomes one here.
    private static JsonNode fraction(String text) {
        try {
            double number = Double.parseDouble(text);
            if (number == Math.rint(number) && Math.abs(number) < MOST_EXACT) {
                return JSON.numberNode((long) number);
            }
            return Double.isFinite(number) ? JSON.numberNode(number) : JSON.stringNode(text);
        } catch (NumberFormatException none) {
            return JSON.stringNode(text);
        }
    }

    private static Position position(Node node) {
        return node.getStartMark().map(YamlTree::position).orElse(Position.START);
    }

    static Position position(Mark mark) {
        return new Position(mark.getLine() + 1, mark.getColumn() + 1);
    }

    /** The place of the character with this index, counted in code points. */
    static Position positionOf(String text, int index) {
        int line = 1;
        int column = 1;
        int[] characters = text.codePoints().limit(index).toArray();
        int before = 0;
        for (int character : characters) {
            // YAML 1.2.2 section 5.4: CR LF is one line break, and each of them alone is one too.
            boolean breaks = character == '\n' || character == '\r';
            column = breaks ? 1 : column + 1;
            line += breaks && (character == '\r' || before != '\r') ? 1 : 0;
            before = character;
        }
        return new Position(line, column);
    }

    /** The document is not ours to read: it goes too deep or says too much. */
    static final class TooMuch extends RuntimeException {
        private static final long serialVersionUID = 1;
        private final transient Position position;

        TooMuch(Position position, String message) {
            super(message);
            this.position = position;
        }
    }
}
