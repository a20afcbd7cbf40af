package io.culvert.gateway.config;

import io.culvert.hook.Endpoint;
import io.culvert.hook.Network;
import io.culvert.hook.Setting;

import tools.jackson.databind.JsonNode;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Reads a part of the configuration into a record of a plugin's, whose components say what there
 * may be: see {@link Setting}.
 */
public final class SettingsReader {
    /** What a text, or a number or truth value as text, is read by. */
    private static final Map<Class<?>, Function<String, ?>> SCALARS =
            Map.ofEntries(
                    Map.entry(String.class, text -> text),
                    Map.entry(int.class, text -> whole(text).intValue()),
                    Map.entry(Integer.class, text -> whole(text).intValue()),
                    Map.entry(long.class, SettingsReader::wholeLong),
                    Map.entry(Long.class, SettingsReader::wholeLong),
                    Map.entry(double.class, SettingsReader::real),
                    Map.entry(Double.class, SettingsReader::real),
                    Map.entry(boolean.class, SettingsReader::truth),
                    Map.entry(Boolean.class, SettingsReader::truth),
                    Map.entry(Duration.class, Quantity::duration),
                    Map.entry(Path.class, Path::of),
                    Map.entry(Network.class, Network::parse),
                    Map.entry(Endpoint.class, Endpoint::parse),
                    Map.entry(InetAddress.class, text -> Network.parse(text).address()));

    private final YamlTree tree;
    private final Errors errors;

    SettingsReader(YamlTree tree, Errors errors) {
        this.tree = tree;
        this.errors = errors;
    }

    /** The record at that place; empty where something is wrong, and then that is said. */
    <S extends Record> Optional<S> read(String pointer, Class<S> type) {
        return Optional.ofNullable(record(pointer, type)).map(type::cast);
    }

    /** The key that stands for a component: {@code maxFlows} is {@code max-flows}. */
    public static String key(RecordComponent component) {
        return component
                .getName()
                .replaceAll("([a-z0-9])([A-Z])", "$1-$2")
                .toLowerCase(Locale.ROOT);
    }

    private Object record(String pointer, Class<?> type) {
        JsonNode node = tree.at(pointer);
        if (!node.isMissingNode() && !node.isObject()) {
            errors.add(tree.value(pointer), "it must be a mapping");
            return null;
        }
        RecordComponent[] components = type.getRecordComponents();
        List<String> known = Arrays.stream(components).map(SettingsReader::key).toList();
        for (String key : node.propertyNames()) {
            if (!known.contains(key)) {
                errors.add(
                        tree.key(YamlTree.child(pointer, key)),
                        "unknown key \"%s\"%s"
                                .formatted(Printable.of(key), Spelling.hint(key, known)));
            }
        }
        Object[] values = new Object[components.length];
        boolean complete = true;
        for (int i = 0; i < components.length; i++) {
            values[i] = component(pointer, components[i]);
            complete &= values[i] != null;
        }
        return complete ? made(pointer, type, components, values) : null;
    }

    private Object made(
            String pointer, Class<?> type, RecordComponent[] components, Object[] values) {
        Class<?>[] types =
                Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
        try {
            Constructor<?> constructor = type.getDeclaredConstructor(types);
            constructor.setAccessible(true);
            return constructor.newInstance(values);
        } catch (InvocationTargetException e) {
            // A record that compares its components says what is wrong.
            errors.add(tree.value(pointer), String.valueOf(e.getCause().getMessage()));
            return null;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private Object component(String pointer, RecordComponent component) {
        String key = key(component);
        String place = YamlTree.child(pointer, key);
        if (!tree.at(place).isMissingNode()) {
            return value(key, place, component.getGenericType());
        }
        Setting setting = component.getAnnotation(Setting.class);
        if (setting != null && !setting.defaultValue().isEmpty()) {
            return scalar(key, pointer, component.getType(), setting.defaultValue());
        }
        Object empty = empty(component.getType());
        if (empty == null) {
            errors.add(tree.value(pointer), "there is no \"%s\"".formatted(key));
        }
        return empty;
    }

    private static Object empty(Class<?> type) {
        return type == Optional.class
                ? Optional.empty()
                : type == List.class ? List.of() : type == Map.class ? Map.of() : null;
    }

    private Object value(String key, String place, Type type) {
        if (type instanceof ParameterizedType generic) {
            Type of = generic.getActualTypeArguments()[generic.getActualTypeArguments().length - 1];
            if (generic.getRawType() == Optional.class) {
                return Optional.ofNullable(value(key, place, of)).map(Optional::of).orElse(null);
            } else if (generic.getRawType() == List.class) {
                return list(key, place, of);
            } else if (generic.getRawType() == Map.class) {
                return map(place, of);
            }
        }
        if (!(type instanceof Class<?> plain)) {
            throw new IllegalArgumentException("a setting cannot be of the type " + type);
        }
        if (plain.isRecord() && !SCALARS.containsKey(plain)) {
            return record(place, plain);
        }
        JsonNode node = tree.at(place);
        if (!node.isString() && !node.isNumber() && !node.isBoolean()) {
            errors.add(tree.value(place), key + " must be one value");
            return null;
        }
        return scalar(key, place, plain, node.asString());
    }

    private List<Object> list(String key, String place, Type of) {
        JsonNode node = tree.at(place);
        List<Object> values = new ArrayList<>();
        if (!node.isArray()) {
            values.add(value(key, place, of));
        }
        for (int i = 0; node.isArray() && i < node.size(); i++) {
            values.add(value(key, YamlTree.child(place, Integer.toString(i)), of));
        }
        return values.contains(null) ? null : List.copyOf(values);
    }

    private Map<String, Object> map(String place, Type of) {
        JsonNode node = tree.at(place);
        if (!node.isObject()) {
            errors.add(tree.value(place), "it must be a mapping");
            return null;
        }
        Map<String, Object> values = new LinkedHashMap<>();
        for (String key : node.propertyNames()) {
            values.put(key, value(key, YamlTree.child(place, key), of));
        }
        return values.containsValue(null) ? null : Map.copyOf(values);
    }

    /** What the text means, or null, and what is wrong with it was said. */
    Object scalar(String key, String place, Class<?> type, String text) {
        try {
            return type.isEnum() ? constant(type, text) : reader(type).apply(text);
        } catch (IllegalArgumentException wrong) {
            errors.add(tree.value(place), key + ": " + wrong.getMessage());
            return null;
        }
    }

    private static Function<String, ?> reader(Class<?> type) {
        Function<String, ?> reader = SCALARS.get(type);
        if (reader == null) {
            throw new IllegalArgumentException("a setting cannot be of the type " + type.getName());
        }
        return reader;
    }

    private static Object constant(Class<?> type, String text) {
        List<String> words =
                Arrays.stream(type.getEnumConstants()).map(SettingsReader::word).toList();
        int index = words.indexOf(text);
        if (index < 0) {
            throw new IllegalArgumentException(
                    "must be one of %s, not \"%s\"%s"
                            .formatted(
                                    String.join(", ", words),
                                    Printable.of(text),
                                    Spelling.nearHint(text, words)));
        }
        return type.getEnumConstants()[index];
    }

    private static String word(Object constant) {
        return ((Enum<?>) constant).name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static Integer whole(String text) {
        return (int) within(text, Integer.MIN_VALUE, Integer.MAX_VALUE);
    }

    private static Long wholeLong(String text) {
        return within(text, Long.MIN_VALUE, Long.MAX_VALUE);
    }

    private static long within(String text, long least, long most) {
        try {
            long value = Long.parseLong(text);
            if (value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "\"" + Printable.of(text) + "\" is no whole number", e);
        }
        throw new IllegalArgumentException(text + " is too large a number");
    }

    private static Double real(String text) {
        try {
            return Double.valueOf(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("\"" + Printable.of(text) + "\" is no number", e);
        }
    }

    private static Boolean truth(String text) {
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default ->
                    throw new IllegalArgumentException(
                            "must be true or false, not \"" + Printable.of(text) + "\"");
        };
    }
}
