package io.culvert.gateway.config;

import io.culvert.hook.Endpoint;
import io.culvert.hook.Network;
import io.culvert.hook.Setting;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a plugin's record of settings says of itself, see {@link Setting}. */
public final class SettingsManual {
    /** What a person calls the types that a value may have. */
    private static final Map<Class<?>, String> WORDS =
            Map.ofEntries(
                    Map.entry(String.class, "text"),
                    Map.entry(int.class, "whole number"),
                    Map.entry(Integer.class, "whole number"),
                    Map.entry(long.class, "whole number"),
                    Map.entry(Long.class, "whole number"),
                    Map.entry(double.class, "number"),
                    Map.entry(Double.class, "number"),
                    Map.entry(boolean.class, "true or false"),
                    Map.entry(Boolean.class, "true or false"),
                    Map.entry(Duration.class, "duration"),
                    Map.entry(Path.class, "path"),
                    Map.entry(Network.class, "prefix"),
                    Map.entry(Endpoint.class, "address:port"),
                    Map.entry(InetAddress.class, "address"));

    private final List<Key> keys = new ArrayList<>();
    private final List<String> wrong = new ArrayList<>();

    /**
     * A key of the settings.
     *
     * @param name with those around it, such as {@code limits.window}
     * @param type in words
     * @param otherwise what it is where it is absent: a default, {@code optional} or {@code
     *     required}
     * @param meaning as the plugin's author has it; may be empty
     */
    public record Key(String name, String type, String otherwise, String meaning) {}

    private SettingsManual() {}

    /** Of a record. */
    public static SettingsManual of(Class<?> settings) {
        SettingsManual manual = new SettingsManual();
        manual.addAll("", settings, List.of(settings));
        return manual;
    }

    /** In the record's order. */
    public List<Key> keys() {
        return List.copyOf(keys);
    }

    /** Sentences about what the gateway could not read whatever a configuration says. */
    public List<String> wrong() {
        return List.copyOf(wrong);
    }

    private void addAll(String around, Class<?> settings, List<Class<?>> within) {
        RecordComponent[] components = settings.getRecordComponents();
        for (RecordComponent component : components == null ? new RecordComponent[0] : components) {
            add(around, component, within);
        }
    }

    private void add(String around, RecordComponent component, List<Class<?>> within) {
        String name = around + SettingsReader.key(component);
        Setting setting = component.getAnnotation(Setting.class);
        Type type = component.getGenericType();
        String otherwise = setting == null ? "" : setting.defaultValue();
        boolean wrapped = isWrapped(component.getType());
        if (!otherwise.isEmpty()) {
            if (wrapped) {
                wrong.add("%s: an optional, a list or a map has no default".formatted(name));
            } else {
                tryDefault(name, component, otherwise);
            }
            otherwise = "default " + otherwise;
        } else {
            otherwise = wrapped ? "optional" : "required";
        }
        String meaning = setting == null ? "" : setting.value();
        boolean secret = setting != null && setting.secret();
        keys.add(new Key(name, words(name, type) + (secret ? ", secret" : ""), otherwise, meaning));
        Class<?> inner = inner(type);
        if (inner != null && inner.isRecord() && !WORDS.containsKey(inner)) {
            if (within.contains(inner)) {
                wrong.add("%s: the record %s holds itself".formatted(name, inner.getName()));
            } else {
                addAll(
                        name + step(component.getType()),
                        inner,
                        Stream.concat(within.stream(), Stream.of(inner)).toList());
            }
        }
    }

    /** How a place in a list, under any key of a map, or in a mapping is written. */
    private static String step(Class<?> type) {
        return type == List.class ? "[]." : type == Map.class ? ".*." : ".";
    }

    private void tryDefault(String name, RecordComponent component, String text) {
        Errors errors = new Errors();
        YamlTree nothing = YamlTree.parse("{}", errors).orElseThrow();
        Object unused =
                new SettingsReader(nothing, errors).scalar(name, "", component.getType(), text);
        errors.of("", "").forEach(error -> wrong.add("its default: " + error.message()));
    }

    private static boolean isWrapped(Class<?> type) {
        return type == Optional.class || type == List.class || type == Map.class;
    }

    /** What is in an optional, a list or a map, or the type itself. */
    private static Class<?> inner(Type type) {
        Type inner = type;
        while (inner instanceof ParameterizedType generic) {
            inner = generic.getActualTypeArguments()[generic.getActualTypeArguments().length - 1];
        }
        return inner instanceof Class<?> plain ? plain : null;
    }

    private String words(String name, Type type) {
        if (type instanceof ParameterizedType generic
                && generic.getRawType() instanceof Class<?> raw
                && isWrapped(raw)) {
            Type[] of = generic.getActualTypeArguments();
            if (raw == Map.class && of[0] != String.class) {
                wrong.add("%s: the keys of a map are texts, not %s".formatted(name, of[0]));
            }
            String words = words(name, of[of.length - 1]);
            return raw == Optional.class
                    ? words
                    : (raw == List.class ? "list of " : "map of ") + words;
        }
        if (type instanceof Class<?> plain) {
            if (WORDS.containsKey(plain)) {
                return WORDS.get(plain);
            }
            if (plain.isEnum()) {
                return Stream.of(plain.getEnumConstants())
                        .map(one -> ((Enum<?>) one).name())
                        .map(one -> one.toLowerCase(Locale.ROOT).replace('_', '-'))
                        .collect(Collectors.joining(", "));
            }
            if (plain.isRecord()) {
                return "mapping";
            }
        }
        wrong.add("%s: a setting cannot be of the type %s".formatted(name, type.getTypeName()));
        return type.getTypeName();
    }
}
