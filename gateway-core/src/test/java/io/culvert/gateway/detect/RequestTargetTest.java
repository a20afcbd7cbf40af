package io.culvert.gateway.detect;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RequestTargetTest {
    @ParameterizedTest
    @CsvSource({
        "/, /",
        "/a/b?c#d, /a/b",
        "/a#b?c, /a",
        "/%61dmin, /admin",
        "/%2e%2E/admin, /admin",
        "/x/../admin/., /admin/",
        "/a/./b/../c, /a/c",
        "/../../a, /a",
        "/a/.., /",
        "/a/b/.., /a/",
        "/.a/..b/c., /.a/..b/c.",
        "/a%2fb, /a%2Fb",
        "/a%2, /a%2",
        "/a%zz%, /a%zz%",
        "//a//b, //a//b",
        "*, *"
    })
    void aPathHasOneSpelling(String target, String path) {
        assertEquals(path, RequestTarget.of("GET", target, "a.example").path());
    }

    @Test
    void aTargetsOwnHostComesFirst() {
        RequestTarget both = RequestTarget.of("GET", "http://A.example:80/x?y", "b.example");
        assertEquals(new RequestTarget("a.example", "/x"), both);
        assertEquals(
                new RequestTarget("a.example", "/"),
                RequestTarget.of("GET", "http://a.example?y", "b.example"));
        assertEquals(new RequestTarget("", "/"), RequestTarget.of("GET", "http:///", "b.example"));
    }

    @Test
    void otherFormsNameNothing() {
        assertEquals(new RequestTarget("", ""), RequestTarget.of("GET", "a/b", "b.example"));
        assertEquals(new RequestTarget("", ""), RequestTarget.of("CONNECT", "/", "b.example"));
        assertEquals(new RequestTarget("::1", ""), RequestTarget.of("CONNECT", "[::1]:443", ""));
    }
}
