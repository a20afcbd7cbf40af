package io.culvert.compliance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.Annotation;
import java.lang.classfile.AnnotationElement;
import java.lang.classfile.AnnotationValue;
import java.lang.classfile.AttributedElement;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Reads from the compiled tests of every module which of them carry tags of requirements. */
final class TaggedTests {
    private static final String TAG = "Lorg/junit/jupiter/api/Tag;";
    private static final String TAGS = "Lorg/junit/jupiter/api/Tags;";
    private static final String PREFIX = "rfc";

    private final Map<String, NavigableSet<Test>> byTag = new TreeMap<>();

    /**
     * A test method.
     *
     * @param source of its class, from the top of the repository
     * @param name {@code Class.method}, a nested class after the one that it is in
     */
    record Test(String source, String name) implements Comparable<Test> {
        @Override
        public int compareTo(Test other) {
            return name.equals(other.name)
                    ? source.compareTo(other.source)
                    : name.compareTo(other.name);
        }
    }

    private TaggedTests() {}

    /**
     * Of all modules that have tests.
     *
     * @param top of the repository
     * @throws IllegalStateException where a module's tests are not compiled
     */
    static TaggedTests of(Path top) {
        TaggedTests tagged = new TaggedTests();
        try (Stream<Path> folders = Files.list(top)) {
            for (Path module : folders.sorted().toList()) {
                if (Files.isDirectory(module.resolve("src/test/java"))) {
                    tagged.read(module);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return tagged;
    }

    private void read(Path module) throws IOException {
        Path classes = module.resolve("target/test-classes");
        if (!Files.isDirectory(classes)) {
            throw new IllegalStateException(classes + " is missing: compile the tests first");
        }
        try (Stream<Path> files = Files.walk(classes)) {
            for (Path file : files.filter(each -> each.toString().endsWith(".class")).toList()) {
                read(module.getFileName().toString(), ClassFile.of().parse(file));
            }
        }
    }

    private void read(String module, ClassModel model) {
        String path = model.thisClass().asInternalName();
        String outermost = path.contains("$") ? path.substring(0, path.indexOf('$')) : path;
        String source = module + "/src/test/java/" + outermost + ".java";
        String name = path.substring(path.lastIndexOf('/') + 1).replace('$', '.');
        for (MethodModel method : model.methods()) {
            Test test = new Test(source, name + "." + method.methodName().stringValue());
            tagsOf(method)
                    .filter(tag -> tag.startsWith(PREFIX))
                    .forEach(tag -> byTag.computeIfAbsent(tag, _ -> new TreeSet<>()).add(test));
        }
    }

    private static Stream<String> tagsOf(AttributedElement element) {
        return element.findAttribute(Attributes.runtimeVisibleAnnotations()).stream()
                .flatMap(attribute -> attribute.annotations().stream())
                .flatMap(TaggedTests::tagsOf);
    }

    /** JUnit's own container holds those of a test with several. */
    private static Stream<String> tagsOf(Annotation annotation) {
        Stream<AnnotationValue> values =
                annotation.elements().stream().map(AnnotationElement::value);
        return switch (annotation.className().stringValue()) {
            case TAG -> values.map(value -> ((AnnotationValue.OfString) value).stringValue());
            case TAGS ->
                    values.flatMap(value -> ((AnnotationValue.OfArray) value).values().stream())
                            .map(value -> ((AnnotationValue.OfAnnotation) value).annotation())
                            .flatMap(TaggedTests::tagsOf);
            default -> Stream.empty();
        };
    }

    /** Every tag that a test carries. */
    List<String> tags() {
        return List.copyOf(byTag.keySet());
    }

    /** In order of name; empty where none carries it. */
    NavigableSet<Test> with(String tag) {
        return byTag.getOrDefault(tag, new TreeSet<>());
    }
}
