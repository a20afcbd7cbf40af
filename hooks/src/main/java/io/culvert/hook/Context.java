package io.culvert.hook;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * What plugins know of a tunnel, a flow or a connection, by type: what a {@link TunnelHook} adds
 * comes with every flow of the tunnel, and what a {@link FlowHook} adds with the flow's connection.
 * A plugin's types are its own, so two plugins never see each other's values.
 *
 * <p>Immutable; the values should be as well, for several threads see them.
 */
public final class Context {
    /** Knows nothing. */
    public static final Context EMPTY = new Context(Map.of());

    private final Map<Class<?>, Object> values;

    private Context(Map<Class<?>, Object> values) {
        this.values = values;
    }

    /**
     * This and a value more, which takes the place of one of the same class.
     *
     * @param value found again by its own class, not by one that it extends or implements
     * @return a new one; this is as it was
     */
    public Context with(Object value) {
        Map<Class<?>, Object> more = new HashMap<>(values);
        more.put(value.getClass(), value);
        return new Context(Map.copyOf(more));
    }

    /**
     * This and all of the other, which counts where both have a value of a class.
     *
     * @param other may be {@link #EMPTY}
     * @return a new one, or this where the other is empty
     */
    public Context with(Context other) {
        if (other.values.isEmpty()) {
            return this;
        }
        Map<Class<?>, Object> more = new HashMap<>(values);
        more.putAll(other.values);
        return new Context(Map.copyOf(more));
    }

    /**
     * The value of exactly that class.
     *
     * @param <T> the value's class
     * @param type the same, from the plugin's own class loader
     * @return empty where nobody has added one
     */
    public <T> Optional<T> get(Class<T> type) {
        return Optional.ofNullable(type.cast(values.get(type)));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Context context && values.equals(context.values);
    }

    @Override
    public int hashCode() {
        return Objects.hash(values);
    }

    /** The values, which may be secret, are left out. */
    @Override
    public String toString() {
        return "context of " + values.size();
    }
}
