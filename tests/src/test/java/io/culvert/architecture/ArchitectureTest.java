package io.culvert.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;

import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** What ARCHITECTURE.md promises and the module graph cannot enforce. */
class ArchitectureTest {
    private static final JavaClasses CULVERT =
            new ClassFileImporter()
                    .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                    .importPackages("io.culvert");

    @Test
    void hooksDependOnNothingButTheJdk() {
        classes()
                .that()
                .resideInAPackage("io.culvert.hook..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("io.culvert.hook..", "java..")
                .check(CULVERT);
    }

    @Test
    void thePureHalfDoesNoInputOutputAndStartsNoThread() {
        noClasses()
                .that()
                .resideInAnyPackage("io.culvert.wire..", "io.culvert.flow..", "io.culvert.nat..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "java.io..",
                        "java.nio.channels..",
                        "java.nio.file..",
                        "jnr..",
                        "io.netty..")
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(Thread.class)
                .check(CULVERT);
    }

    @Test
    void thePureHalfReadsNoClockOfItsOwn() {
        noClasses()
                .that()
                .resideInAnyPackage("io.culvert.wire..", "io.culvert.flow..", "io.culvert.nat..")
                .should()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .check(CULVERT);
    }

    @Test
    void aLibraryStaysInTheModuleThatIsNamedForIt() {
        onlyIn("jnr.ffi..", "io.culvert.linux..");
        onlyIn("jnr.unixsocket..", "io.culvert.gateway.control..");
        onlyIn("com.github.benmanes.caffeine..", "io.culvert.flow..");
        onlyIn("io.netty..", "io.culvert.upgrade..", "io.culvert.gateway..");
        onlyIn("org.jctools..", "io.culvert.gateway..");
        onlyIn("picocli..", "io.culvert.gateway.cli..");
        onlyIn("com.networknt..", "io.culvert.gateway.config..");
        onlyIn("io.prometheus..", "io.culvert.gateway.telemetry..");
        onlyIn("ch.qos.logback..", "io.culvert.gateway.telemetry..");
    }

    @Test
    void theDeviceHalfKnowsNothingOfFlows() {
        noClasses()
                .that()
                .resideInAnyPackage("io.culvert.linux..", "io.culvert.tun..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.culvert.wire..",
                        "io.culvert.flow..",
                        "io.culvert.nat..",
                        "io.culvert.hook..")
                .check(CULVERT);
    }

    @Test
    void nobodyWritesToStandardOutputBehindTheCommandsBack() {
        noClasses()
                .that()
                .resideOutsideOfPackages("io.culvert.gateway.cli..", "io.culvert.gateway.demo..")
                .should()
                .accessField(System.class, "out")
                .orShould()
                .accessField(System.class, "err")
                .check(CULVERT);
    }

    @Test
    void packagesFormNoCycle() {
        slices().matching("io.culvert.(*)..").should().beFreeOfCycles().check(CULVERT);
    }

    @Test
    void everyPackageSaysWhatItIsForAndWhoMayUseIt() throws IOException {
        Path top = Path.of("..").toAbsolutePath().normalize();
        try (Stream<Path> files = Files.walk(top)) {
            List<Path> silent =
                    files.filter(file -> file.toString().contains("/src/main/java/"))
                            .filter(file -> file.toString().endsWith(".java"))
                            .map(Path::getParent)
                            .distinct()
                            .filter(ArchitectureTest::saysNothing)
                            .toList();
            Assertions.assertEquals(List.of(), silent);
        }
    }

    private static boolean saysNothing(Path folder) {
        try {
            Path info = folder.resolve("package-info.java");
            return !Files.exists(info) || !Files.readString(info).contains("/**");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void onlyIn(String library, String... packages) {
        noClasses()
                .that()
                .resideOutsideOfPackages(packages)
                .and()
                .resideInAPackage("io.culvert..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage(library)
                .check(CULVERT);
    }
}
