package io.culvert.gateway.plugin;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.FieldRefEntry;
import java.lang.classfile.constantpool.MemberRefEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.constant.MethodTypeDesc;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;

/**
 * What the classes of a jar refer to in {@code io.culvert.hook}. Whether a plugin fits is found out
 * from this before it runs, and not from a version number: Java itself would find it out in the
 * middle of a flow.
 */
final class HookReferences {
    private static final String HOOKS = "io/culvert/hook/";
    private static final ClassLoader OURS = HookReferences.class.getClassLoader();

    private final SortedSet<String> missing = new TreeSet<>();

    private HookReferences() {}

    /**
     * Reads every class of a jar.
     *
     * @throws IOException it is no jar, or has a class that is none
     */
    static HookReferences of(Path file) throws IOException {
        HookReferences references = new HookReferences();
        try (JarFile jar = new JarFile(file.toFile())) {
            for (JarEntry entry : (Iterable<JarEntry>) jar.stream()::iterator) {
                // What stands behind META-INF/versions is for other releases of Java as well.
                if (entry.getName().endsWith(".class")
                        && !entry.getName().startsWith("META-INF/")) {
                    try (InputStream in = jar.getInputStream(entry)) {
                        references.read(entry.getName(), in.readAllBytes());
                    }
                }
            }
        }
        return references;
    }

    /** What is not there, such as {@code Host.every}; empty where the plugin fits. */
    SortedSet<String> missing() {
        return missing;
    }

    private void read(String name, byte[] bytes) throws IOException {
        try {
            ClassModel model = ClassFile.of().parse(bytes);
            for (PoolEntry entry : model.constantPool()) {
                switch (entry) {
                    case ClassEntry type -> find(type.asInternalName());
                    case MemberRefEntry member -> find(member);
                    default -> {}
                }
            }
        } catch (IllegalArgumentException wrong) {
            throw new IOException(name + " is no class file: " + wrong.getMessage(), wrong);
        }
    }

    private void find(MemberRefEntry member) {
        String owner = member.owner().asInternalName();
        Class<?> type = find(owner);
        if (type == null) {
            return;
        }
        String name = member.name().stringValue();
        boolean there =
                member instanceof FieldRefEntry
                        ? Arrays.stream(type.getFields()).anyMatch(f -> f.getName().equals(name))
                        : hasMethod(type, name, member.type().stringValue());
        if (!there) {
            missing.add(owner.substring(HOOKS.length()).replace('$', '.') + "." + name);
        }
    }

    /** The class of the hooks with that name; null for others, and where there is none. */
    private Class<?> find(String internalName) {
        if (!internalName.startsWith(HOOKS) || internalName.indexOf('/', HOOKS.length()) > 0) {
            return null;
        }
        String name = internalName.substring(HOOKS.length()).replace('$', '.');
        try {
            return Class.forName(internalName.replace('/', '.'), false, OURS);
        } catch (ClassNotFoundException e) {
            missing.add(name);
            return null;
        }
    }

    /** Also those that it inherits, as the JVM resolves it. */
    private static boolean hasMethod(Class<?> type, String name, String descriptor) {
        if (name.equals("<init>")) {
            return Arrays.stream(type.getConstructors())
                    .anyMatch(
                            one ->
                                    descriptor(void.class, one.getParameterTypes())
                                            .equals(descriptor));
        }
        // An interface's type has the methods of Object as well.
        return Stream.of(type, Object.class)
                .flatMap(each -> Arrays.stream(each.getMethods()))
                .anyMatch(
                        one ->
                                one.getName().equals(name)
                                        && descriptor(one.getReturnType(), one.getParameterTypes())
                                                .equals(descriptor));
    }

    private static String descriptor(Class<?> result, Class<?>[] parameters) {
        return MethodTypeDesc.of(
                        result.describeConstable().orElseThrow(),
                        Arrays.stream(parameters)
                                .map(one -> one.describeConstable().orElseThrow())
                                .toList())
                .descriptorString();
    }
}
