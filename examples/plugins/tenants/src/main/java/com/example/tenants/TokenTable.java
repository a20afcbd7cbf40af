package com.example.tenants;

import io.culvert.hook.Network;
import io.culvert.hook.TunnelVerdict;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Tenants by token, from a file of lines {@code SHA256 TENANT [KEY=VALUE]...}. The file has the
 * tokens' digests alone, so reading it admits nobody. Tokens have to be random, 128 bits or more: a
 * fast digest does not protect a password. Immutable.
 */
final class TokenTable {
    /** One token's. */
    record Row(byte[] digest, TunnelVerdict.Admit admission) {}

    private final List<Row> rows;

    private TokenTable(List<Row> rows) {
        this.rows = List.copyOf(rows);
    }

    /**
     * Reads a file; empty lines and those that begin with {@code #} are passed over.
     *
     * @throws IOException it cannot be read, or a line is wrong, which the message names
     */
    static TokenTable read(Path file) throws IOException {
        List<Row> rows = new ArrayList<>();
        int number = 0;
        for (String line : Files.readAllLines(file)) {
            number++;
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            try {
                rows.add(row(line.strip().split("\\s+")));
            } catch (IllegalArgumentException wrong) {
                throw new IOException(file + ":" + number + ": " + wrong.getMessage(), wrong);
            }
        }
        return new TokenTable(rows);
    }

    private static Row row(String[] words) {
        if (words.length < 2 || words[0].length() != 64) {
            throw new IllegalArgumentException("no SHA256 TENANT [KEY=VALUE]...");
        }
        Map<String, String> attributes = new HashMap<>();
        for (int i = 2; i < words.length; i++) {
            int equals = words[i].indexOf('=');
            if (equals < 1) {
                throw new IllegalArgumentException("\"" + words[i] + "\" is no KEY=VALUE");
            }
            attributes.put(words[i].substring(0, equals), words[i].substring(equals + 1));
        }
        String id = attributes.remove("id");
        String routes = attributes.remove("routes");
        TunnelVerdict.Admit admission = TunnelVerdict.admit(words[1]).attributes(attributes);
        if (id != null) {
            admission = admission.as(id);
        }
        if (routes != null) {
            admission =
                    admission.reaching(
                            Arrays.stream(routes.split(",")).map(Network::parse).toList());
        }
        return new Row(HexFormat.of().parseHex(words[0]), admission);
    }

    /**
     * Compares with every row, and each to its end, so that the time it takes tells nothing of how
     * near a token is.
     */
    Optional<Row> find(byte[] token) {
        byte[] digest = sha256(token);
        Row found = null;
        for (Row row : rows) {
            if (MessageDigest.isEqual(row.digest, digest)) {
                found = row;
            }
        }
        return Optional.ofNullable(found);
    }

    private static byte[] sha256(byte[] token) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(token);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
