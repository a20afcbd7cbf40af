package com.example.formscan;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.culvert.gateway.plugin.kit.HttpQuestion;
import io.culvert.gateway.plugin.kit.PluginKit;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.util.List;

class FormScanPluginTest {
    private static final String MULTIPART = "multipart/form-data; boundary=\"a b\"";

    private PluginKit kit;

    @BeforeEach
    void start() throws Exception {
        kit =
                PluginKit.of(FormScanPlugin.class)
                        .settings(
                                """
                                words: [Drop Table, gr\u00fc\u00dfe]
                                endings: [.exe]
                                fields: 3
                                file: 100
                                """)
                        .start();
    }

    @AfterEach
    void stop() {
        kit.close();
    }

    private HttpQuestion post(String type) {
        return kit.flow("tcp 10.0.0.1:1234 > 192.0.2.1:80")
                .request("POST", "http://example.test/post")
                .field("Content-Type", type);
    }

    private HttpQuestion encoded(String... pieces) {
        return post("application/x-www-form-urlencoded").body(pieces);
    }

    private HttpQuestion multipart(String... pieces) {
        return post(MULTIPART).body(pieces);
    }

    /** One field or file after the other, as a browser sends them. */
    private static String form(String... parts) {
        StringBuilder form = new StringBuilder();
        for (String part : parts) {
            form.append("--a b\r\nContent-Disposition: form-data; ").append(part).append("\r\n");
        }
        return form + "--a b--\r\n";
    }

    @Test
    void refusesAnEncodedFormAtAWordWhereverItIsCut() {
        String form = "name=x&note=DROP+%54able%3b&more=y";
        for (int cut = 1; cut < form.length(); cut++) {
            encoded(form.substring(0, cut), form.substring(cut))
                    .send()
                    .assertRefused("the form holds \"drop table\"");
        }
    }

    @Test
    void refusesAMultipartFormAtAWordWhereverItIsCut() {
        String form =
                form(
                        "name=\"a\"\r\n\r\nx",
                        "name=\"b\"\r\nX: y\r\n\r\n-\r\n--a GR\u00dcSSE gr\u00fc\u00dfe");
        for (int cut = 1; cut < form.length(); cut++) {
            multipart(form.substring(0, cut), form.substring(cut))
                    .send()
                    .assertRefused("the form holds \"gr\u00fc\u00dfe\"");
        }
    }

    @Test
    void passesWhatHoldsNothingOfItByteForByte() {
        String file =
                "name=\"f\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\ndrop table";
        for (String form :
                List.of(
                        form("name=\"a\"\r\n\r\n", file),
                        form(),
                        "before\r\n" + form(file) + "behind")) {
            assertEquals(form, multipart(form).send().assertPassed().serverBody());
        }
        assertEquals("a=b&c=d", encoded("a=b&c", "=d").send().assertPassed().serverBody());
        post("application/json").body("drop table").send().assertPassed();
    }

    @Test
    void refusesFilesByTheirNamesEndAndTheirSize() {
        for (String name : List.of("a.exe", "A.EXE", "a.exe. .")) {
            multipart(form("name=\"f\"; filename=\"" + name + "\"\r\n\r\nMZ"))
                    .send()
                    .assertRefused("the form has a file \"*.exe\"");
        }
        String large = "x".repeat(99) + "\r\n";
        multipart(form("name=\"f\"; filename=\"a\"\r\n\r\n" + large))
                .send()
                .assertRefused("the form has a file of more than 100 bytes");
    }

    @Test
    void refusesFormsWithTooManyFields() {
        String part = "name=\"a\"\r\n\r\nx";
        multipart(form(part, part, part)).send().assertPassed();
        multipart(form(part, part, part, part))
                .send()
                .assertRefused("the form has more than 3 fields");
        encoded("a&b&c").send().assertPassed();
        encoded("a&b&c&d").send().assertRefused("the form has more than 3 fields");
    }

    @Test
    void refusesWhatTwoReadersCouldUnderstandDifferently() {
        for (String form :
                List.of(
                        "",
                        "--a b\r\n",
                        form("name=\"a\"; name=\"b\"\r\n\r\nx"),
                        form("name=\"a\"; filename*=UTF-8''b.exe\r\n\r\nx"),
                        form("name=\"a\"; filename=\"a\\\".exe\"\r\n\r\nx"),
                        form("name=\"a\"\r\nContent-Disposition: form-data; name=b\r\n\r\nx"),
                        form("name=\"a\"\r\nContent-Transfer-Encoding: base64\r\n\r\nx"),
                        form("name=\"a\"\r\n folded: x\r\n\r\nx"),
                        form("name=\"a\"\r\nX: " + "y".repeat(20_000) + "\r\n\r\nx"),
                        form("name=\"a\"\r\n\r\nx\r\n--a bc"),
                        "--a b\r\nContent-Disposition: form-data; name=a\r\n\r\n--a b--\r\n",
                        "--a b\r\n\r\nx\r\n--a b--\r\n")) {
            assertEquals(403, multipart(form, "").send().client().status(), form);
        }
        for (String type : List.of("multipart/form-data", "multipart/form-data; boundary=\"a \"")) {
            assertEquals(403, post(type).body("x").send().client().status(), type);
        }
        assertEquals(
                403, encoded("a=b").field("Content-Type", "text/plain").send().client().status());
        assertEquals(403, encoded("x").field("Content-Encoding", "gzip").send().client().status());
    }
}
