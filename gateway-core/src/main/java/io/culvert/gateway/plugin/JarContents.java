package io.culvert.gateway.plugin;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.constantpool.MethodRefEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.reflect.AccessFlag;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/** What can be said of a plugin's jar without running any of it. */
final class JarContents {
    private static final String SERVICE = "META-INF/services/io.culvert.hook.Plugin";
    private static final String HOOKS = "io/culvert/hook/";
    private static final Set<String> EXITS =
            Set.of("java/lang/System.exit", "java/lang/Runtime.exit", "java/lang/Runtime.halt");

    private final List<String> errors = new ArrayList<>();
    private final List<String> warnings = new ArrayList<>();
    private final Map<String, ClassModel> classes = new LinkedHashMap<>();
    private final List<String> services = new ArrayList<>();
    private boolean hasService;
    private boolean exits;

    private JarContents() {}

    /**
     * Reads a jar.
     *
     * @throws IOException it is none
     */
    static JarContents of(Path file) throws IOException {
        JarContents contents = new JarContents();
        try (JarFile jar = new JarFile(file.toFile())) {
            for (JarEntry entry : (Iterable<JarEntry>) jar.stream()::iterator) {
                try (InputStream in = jar.getInputStream(entry)) {
                    contents.read(entry.getName(), in);
                }
            }
        }
        contents.judgeService();
        contents.judgeClasses();
        return contents;
    }

    /** What keeps a gateway from using it. */
    List<String> errors() {
        return errors;
    }

    /** What it had better not do. */
    List<String> warnings() {
        return warnings;
    }

    /** Whether some of its code ends the process. */
    boolean exits() {
        return exits;
    }

    private void read(String name, InputStream in) throws IOException {
        if (name.equals(SERVICE)) {
            hasService = true;
            new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .map(line -> line.replaceFirst("#.*", "").strip())
                    .filter(line -> !line.isEmpty())
                    .forEach(services::add);
        } else if (name.endsWith(".class") && !name.startsWith("META-INF/")) {
            try {
                ClassModel model = ClassFile.of().parse(in.readAllBytes());
                classes.put(name.substring(0, name.length() - ".class".length()), model);
            } catch (IllegalArgumentException wrong) {
                errors.add(name + " is no class file: " + wrong.getMessage());
            }
        }
    }

    private void judgeService() {
        if (!hasService) {
            errors.add("there is no " + SERVICE + ", which names the plugin's class");
        } else if (services.isEmpty()) {
            errors.add(SERVICE + " names no class");
        } else if (services.size() > 1) {
            errors.add(
                    SERVICE
                            + " names more than one class: "
                            + String.join(", ", services)
                            + "; a jar has one plugin");
        }
        services.forEach(this::judgeProvider);
    }

    private void judgeProvider(String name) {
        ClassModel model = classes.get(name.replace('.', '/'));
        if (model == null) {
            errors.add(SERVICE + " names " + name + ", which is not in the jar");
            return;
        }
        if (!model.flags().has(AccessFlag.PUBLIC)) {
            errors.add(name + " is not public");
        }
        if (model.flags().has(AccessFlag.ABSTRACT)) {
            errors.add(name + " is abstract");
        }
        if (model.methods().stream().noneMatch(JarContents::isPublicConstructor)) {
            errors.add(name + " has no public constructor without parameters");
        }
    }

    private static boolean isPublicConstructor(MethodModel method) {
        return method.methodName().equalsString("<init>")
                && method.methodType().equalsString("()V")
                && method.flags().has(AccessFlag.PUBLIC);
    }

    private void judgeClasses() {
        Set<String> hooks = new TreeSet<>();
        Set<String> gateway = new TreeSet<>();
        Set<String> logging = new TreeSet<>();
        for (Map.Entry<String, ClassModel> one : classes.entrySet()) {
            String name = one.getKey();
            if (name.startsWith(HOOKS)) {
                hooks.add(name.replace('/', '.'));
            } else if (name.startsWith("io/culvert/")) {
                gateway.add(name.replace('/', '.'));
            } else if (name.startsWith("org/slf4j/")) {
                logging.add(name.replace('/', '.'));
            }
            if (endsTheProcess(one.getValue())) {
                exits = true;
                warnings.add(name.replace('/', '.') + " calls exit, which would end the gateway");
            }
        }
        if (!hooks.isEmpty()) {
            errors.add(
                    "it contains classes of the hooks, such as "
                            + hooks.iterator().next()
                            + "; the gateway's own are used: give the dependency the scope"
                            + " provided");
        }
        if (!gateway.isEmpty()) {
            warnings.add(
                    "it contains classes of Culvert, such as "
                            + gateway.iterator().next()
                            + "; a plugin needs the hooks alone");
        }
        if (!logging.isEmpty()) {
            warnings.add(
                    "it contains SLF4J, which logs to nowhere in here; Host.log() is the"
                            + " gateway's log");
        }
    }

    private static boolean endsTheProcess(ClassModel model) {
        for (PoolEntry entry : model.constantPool()) {
            if (entry instanceof MethodRefEntry method
                    && EXITS.contains(
                            method.owner().asInternalName() + "." + method.name().stringValue())) {
                return true;
            }
        }
        return false;
    }
}
