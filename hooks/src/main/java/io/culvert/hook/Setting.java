package io.culvert.hook;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Says more of a component of a plugin's settings. The component {@code maxFlows} is the key {@code
 * max-flows}.
 *
 * <p>A component's type is {@code String}, {@code int}, {@code long}, {@code double}, {@code
 * boolean}, {@link java.time.Duration} (such as {@code 30s}), {@link java.nio.file.Path}, {@link
 * Network}, {@link Endpoint}, {@link java.net.InetAddress}, an enum (its constants in lower case,
 * with hyphens), a record of such, or an {@link java.util.Optional}, {@link java.util.List} or
 * {@code Map<String, T>} of one of these ({@code Optional<Integer>}, not {@code OptionalInt}). An
 * optional, a list or a map may be absent; whatever else has no default must be there.
 */
@Documented
@Target(ElementType.RECORD_COMPONENT)
@Retention(RetentionPolicy.RUNTIME)
public @interface Setting {
    /**
     * What it is for; {@code culvert plugin check} shows it.
     *
     * @return a sentence, or nothing
     */
    String value() default "";

    /**
     * Whether it must not be seen: commands and logs show {@code ***}.
     *
     * @return false for what everybody may see
     */
    boolean secret() default false;

    /**
     * What it is where the configuration has none, as text.
     *
     * @return as it would stand in the configuration; empty for no default
     */
    String defaultValue() default "";
}
