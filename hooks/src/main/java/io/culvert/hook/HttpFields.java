package io.culvert.hook;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The fields of a request or an answer, in their order (RFC 9110 section 5). Names are the same in
 * upper and lower case. Those of a single connection and of the body's framing, {@code
 * Content-Length} among them, and {@code Host} are not here and cannot be set: the gateway sees to
 * them.
 *
 * <p>Immutable.
 */
public final class HttpFields {
    /** None. */
    public static final HttpFields NONE = new HttpFields(List.of());

    private static final Pattern NAME = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");
    private static final Pattern VALUE = Pattern.compile("[\\t\\x20-\\x7e\\x80-\\xff]*");

    private final List<Field> list;

    /**
     * One line.
     *
     * @param name a token (RFC 9110 section 5.6.2)
     * @param value without line ends or other control characters but tabs; ISO 8859-1
     */
    public record Field(String name, String value) {
        /**
         * A line that can be sent.
         *
         * @throws IllegalArgumentException if name or value has characters that cannot be there
         * @throws NullPointerException if any part is {@code null}
         */
        public Field {
            if (!NAME.matcher(name).matches()) {
                throw new IllegalArgumentException("a field cannot have such a name");
            }
            if (!value.strip().equals(value) || !VALUE.matcher(value).matches()) {
                throw new IllegalArgumentException(
                        "the field " + name + " cannot have such a value");
            }
        }
    }

    private HttpFields(List<Field> list) {
        this.list = list;
    }

    /**
     * Of lines.
     *
     * @param list is copied
     * @return with all of them, in that order
     */
    public static HttpFields of(List<Field> list) {
        return list.isEmpty() ? NONE : new HttpFields(List.copyOf(list));
    }

    /**
     * All lines.
     *
     * @return immutable, in their order
     */
    public List<Field> list() {
        return list;
    }

    /**
     * The value of the first line of a name.
     *
     * @param name in whatever case
     * @return empty where there is none
     */
    public Optional<String> first(String name) {
        return list.stream()
                .filter(field -> field.name().equalsIgnoreCase(name))
                .map(Field::value)
                .findFirst();
    }

    /**
     * These, with one line of a name in the place of those that it has.
     *
     * @param name as {@link Field#name}
     * @param value as {@link Field#value}
     * @return new ones; these are as they were
     */
    public HttpFields with(String name, String value) {
        return without(name).and(name, value);
    }

    /**
     * These and a line more, at the end.
     *
     * @param name as {@link Field#name}
     * @param value as {@link Field#value}
     * @return new ones; these are as they were
     */
    public HttpFields and(String name, String value) {
        List<Field> more = new ArrayList<>(list);
        more.add(new Field(name, value));
        return of(more);
    }

    /**
     * These without the lines of a name.
     *
     * @param name in whatever case
     * @return new ones; these are as they were
     */
    public HttpFields without(String name) {
        return of(list.stream().filter(field -> !field.name().equalsIgnoreCase(name)).toList());
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof HttpFields fields && list.equals(fields.list);
    }

    @Override
    public int hashCode() {
        return Objects.hash(list);
    }

    /** The names alone: values may be secret. */
    @Override
    public String toString() {
        return list.stream().map(Field::name).collect(Collectors.joining(", ", "fields ", ""));
    }
}
