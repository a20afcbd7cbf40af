package io.culvert.hook;

/**
 * A plugin: a jar names its implementation in {@code META-INF/services/io.culvert.hook.Plugin}
 * ({@link java.util.ServiceLoader}), and the configuration names the jar.
 *
 * <p>It has a class loader of its own: of the gateway it sees this package alone, and the libraries
 * that it brings are its own. Another version of it is loaded beside it, gets the flows that open
 * from then on, and {@link #stop} is called when the last flow of the old one has ended.
 *
 * <p>A public class with a public constructor without parameters.
 *
 * @param <S> a record of its settings; {@link NoSettings} where it has none
 */
public interface Plugin<S extends Record> {
    /**
     * Its name, unique in a gateway: lower-case letters, digits and hyphens.
     *
     * @return the same each time; the prefix of its log lines and a label of its metrics
     */
    String name();

    /**
     * Its version, for people.
     *
     * @return such as {@code 1.0}
     */
    String version();

    /**
     * What it does, in a sentence.
     *
     * @return may be empty
     */
    default String description() {
        return "";
    }

    /**
     * The type of its settings, see {@link Setting}.
     *
     * @return the record's class, whose components are the keys of the configuration's {@code
     *     settings}
     */
    Class<S> settings();

    /**
     * Begins: called once, before any of its hooks. It may take ten seconds.
     *
     * @param settings as the configuration has them, complete and of the right types
     * @param host to be kept, if something is needed of it later
     * @return what it wants to be asked; not {@code null}
     * @throws Exception where it cannot work; the message is for the operator, and the gateway does
     *     not start, or goes on with what it had
     */
    Hooks start(S settings, Host host) throws Exception;

    /** Ends: called once, after the last call of its hooks and handlers. */
    default void stop() {}
}
