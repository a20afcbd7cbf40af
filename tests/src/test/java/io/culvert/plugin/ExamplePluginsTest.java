package io.culvert.plugin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClasspathRoots;

import io.culvert.gateway.config.ConfigurationFile;
import io.culvert.gateway.config.Loaded;
import io.culvert.gateway.plugin.PluginJar;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** What stands under {@code examples/plugins} is true of this version. */
class ExamplePluginsTest {
    @TempDir private Path target;

    static Stream<Path> projects() throws IOException {
        return ExampleProject.all().stream();
    }

    @Test
    void thereIsOneOfEachKindAndATemplate() throws IOException {
        assertEquals(
                List.of(
                        "form-scan",
                        "geo",
                        "quota",
                        "sinkhole",
                        "ssh-audit",
                        "template",
                        "tenants",
                        "web-guard"),
                projects().map(project -> project.getFileName().toString()).toList());
    }

    @ParameterizedTest
    @MethodSource("projects")
    void itsOwnTestsPass(Path source) throws IOException {
        ExampleProject project = new ExampleProject(source, target);
        Path classes = project.classes();
        Path tests = project.testClasses(classes);
        SummaryGeneratingListener summary = new SummaryGeneratingListener();
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        URL[] path = {ExampleProject.url(tests), ExampleProject.url(classes)};
        try (URLClassLoader loader = new URLClassLoader(path, before)) {
            thread.setContextClassLoader(loader);
            LauncherDiscoveryRequest request =
                    LauncherDiscoveryRequestBuilder.request()
                            .selectors(selectClasspathRoots(Set.of(tests)))
                            .build();
            Launcher launcher = LauncherFactory.create();
            launcher.execute(request, summary);
        } finally {
            thread.setContextClassLoader(before);
        }

        StringWriter failures = new StringWriter();
        summary.getSummary().printFailuresTo(new PrintWriter(failures), 20);
        assertEquals("", failures.toString());
        assertTrue(summary.getSummary().getTestsSucceededCount() >= 2);
    }

    @ParameterizedTest
    @MethodSource("projects")
    void aGatewayLoadsItsJar(Path source) throws Exception {
        ExampleProject project = new ExampleProject(source, target);

        try (PluginJar jar = PluginJar.open(project.jar(project.classes()))) {
            assertEquals("1.0", jar.plugin().version());
            assertFalse(jar.plugin().description().isBlank());
        }
    }

    @ParameterizedTest
    @MethodSource("projects")
    void itsConfigurationPassesTheCheck(Path source) throws Exception {
        ExampleProject project = new ExampleProject(source, target);
        Path copy = Files.createDirectories(target.resolve("project/target"));
        String name = source.getFileName() + ".yaml";
        Files.copy(project.jar(project.classes()), copy.resolve(source.getFileName() + "-1.0.jar"));
        Files.copy(source.resolve(name), copy.resolveSibling(name));

        Loaded loaded = ConfigurationFile.load(copy.resolveSibling(name));

        assertTrue(loaded instanceof Loaded.Valid, loaded::toString);
    }
}
