package io.culvert.gateway.tunnel;

import io.culvert.wire.Prefix;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The built-in form of a context: UTF-8, lines of {@code key=value}.
 *
 * <pre>
 *   tenant=acme                     required
 *   id=laptop-7                     by which the tunnel is known again
 *   routes=10.7.0.0/24,fd00:7::/64
 *   mtu=1400                        576 to 65535, with IPv6 routes at least 1280
 *   user=alice                      anything else is kept as it is
 * </pre>
 *
 * <p>Empty lines and lines that begin with # mean nothing.
 */
public final class TextContext {
    /** Bytes of the longest. */
    public static final int LONGEST = 4096;

    private static final Pattern KEY = Pattern.compile("[a-z][a-z0-9._-]{0,62}");
    private static final int LONGEST_NAME = 63;
    private static final int LEAST_MTU = 576;
    private static final int LEAST_IPV6_MTU = 1280;
    private static final int MOST_MTU = 65_535;

    private TextContext() {}

    /**
     * Reads a context.
     *
     * @throws IllegalArgumentException with a sentence for whoever wrote it
     */
    public static TunnelContext parse(ByteBuffer bytes) {
        Map<String, String> values = values(text(bytes));
        String tenant = values.remove("tenant");
        if (tenant == null) {
            throw new IllegalArgumentException("the context has no tenant=NAME");
        }
        String id = values.getOrDefault("id", "");
        values.remove("id");
        List<Prefix> routes = routes(values.remove("routes"));
        int mtu = mtu(values.remove("mtu"), routes);
        return new TunnelContext(
                name("tenant", tenant), id.isEmpty() ? id : name("id", id), routes, mtu, values);
    }

    private static String name(String key, String value) {
        if (value.isEmpty() || value.length() > LONGEST_NAME) {
            throw new IllegalArgumentException(
                    key + " has no value, or one of more than " + LONGEST_NAME + " characters");
        }
        return value;
    }

    private static String text(ByteBuffer bytes) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("the context is not UTF-8", e);
        }
    }

    private static Map<String, String> values(String text) {
        Map<String, String> values = new LinkedHashMap<>();
        int number = 0;
        for (String line : text.split("\n", -1)) {
            number++;
            String stripped = line.strip();
            if (stripped.isEmpty() || stripped.startsWith("#")) {
                continue;
            }
            int equals = stripped.indexOf('=');
            String key = equals < 0 ? stripped : stripped.substring(0, equals).stripTrailing();
            if (equals < 0 || !KEY.matcher(key).matches()) {
                throw new IllegalArgumentException("line " + number + " is not key=value");
            }
            String value = stripped.substring(equals + 1).strip();
            if (value.chars().anyMatch(Character::isISOControl)) {
                throw new IllegalArgumentException(
                        "line " + number + " has a control character in its value");
            }
            if (values.put(key, value) != null) {
                throw new IllegalArgumentException("line " + number + ": " + key + " again");
            }
        }
        return values;
    }

    private static List<Prefix> routes(String value) {
        List<Prefix> routes = new ArrayList<>();
        if (value != null) {
            for (String each : value.split(",", -1)) {
                try {
                    routes.add(Prefix.parse(each.strip()));
                } catch (IllegalArgumentException e) {
                    throw new IllegalArgumentException("routes: " + e.getMessage(), e);
                }
            }
        }
        return routes;
    }

    private static int mtu(String value, List<Prefix> routes) {
        if (value == null) {
            return TunnelContext.DEFAULT_MTU;
        }
        boolean ipv6 = routes.stream().anyMatch(each -> !each.address().isIpv4());
        int least = ipv6 ? LEAST_IPV6_MTU : LEAST_MTU;
        try {
            int mtu = Integer.parseInt(value);
            if (mtu >= least && mtu <= MOST_MTU) {
                return mtu;
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        throw new IllegalArgumentException("mtu is not between " + least + " and " + MOST_MTU);
    }
}
