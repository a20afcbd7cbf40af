package io.culvert.gateway.cli;

import java.lang.reflect.Proxy;

/**
 * Signals of the process. The JDK has no supported way to end with a status of one's own after
 * SIGTERM; {@code sun.misc.Signal} is the one that exists, and is reached by name since the
 * compiler rightly warns of it.
 */
final class Signals {
    private Signals() {}

    /** Runs {@code action}, on a thread of the JVM's, each time the signal comes. */
    static void on(String name, Runnable action) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object proxy =
                    Proxy.newProxyInstance(
                            Signals.class.getClassLoader(),
                            new Class<?>[] {handler},
                            (self, method, arguments) -> {
                                if (method.getName().equals("handle")) {
                                    action.run();
                                }
                                return null;
                            });
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this JDK cannot handle signals", e);
        }
    }
}
