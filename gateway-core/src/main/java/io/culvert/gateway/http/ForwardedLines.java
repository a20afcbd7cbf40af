package io.culvert.gateway.http;

import java.net.Inet6Address;
import java.net.InetSocketAddress;

/** The fields that the proxy adds by itself. */
final class ForwardedLines {
    private static final String BY = " culvert";
    private static final String OLD = "1.0" + BY;
    private static final String[] VIA = {"", "1.1" + BY, "2" + BY, "3" + BY};

    private ForwardedLines() {}

    /**
     * What the server is told.
     *
     * @param version by which the request came, 1 to 3
     */
    static void add(RequestHead request, int version, HttpFlow flow, HttpSettings settings) {
        Fields fields = request.fields;
        switch (settings.forwarded()) {
            case NONE -> {}
            case X_FORWARDED -> {
                removeAll(fields);
                InetSocketAddress client = flow.facts().client();
                fields.add("x-forwarded-for", client.getAddress().getHostAddress());
                fields.add("x-forwarded-proto", request.scheme);
                fields.add("x-forwarded-host", request.authority);
            }
            case FORWARDED -> {
                removeAll(fields);
                fields.add("forwarded", forwarded(request, flow.facts().client()));
            }
        }
        if (settings.via()) {
            fields.add("via", via(version, request.minorVersion));
        }
    }

    /** What the client is told. */
    static void add(ResponseHead response, HttpSettings settings) {
        if (settings.via()) {
            response.fields.add("via", via(response.version, response.minorVersion));
        }
    }

    /** RFC 9110 section 7.6.3: the version by which the message was received. */
    private static String via(int version, int minor) {
        return version == 1 && minor == 0 ? OLD : VIA[version];
    }

    /** RFC 7239 sections 4 and 6: an IPv6 address is in brackets, and quoted for them. */
    private static String forwarded(RequestHead request, InetSocketAddress client) {
        String address = client.getAddress().getHostAddress();
        String from =
                client.getAddress() instanceof Inet6Address ? "\"[" + address + "]\"" : address;
        return "for=" + from + ";host=\"" + request.authority + "\";proto=" + request.scheme;
    }

    /** Of either way to say it: a server may believe the other one. */
    private static void removeAll(Fields fields) {
        remove(fields, FieldKind.FORWARDED);
        remove(fields, FieldKind.X_FORWARDED_FOR);
        remove(fields, FieldKind.X_FORWARDED_HOST);
        remove(fields, FieldKind.X_FORWARDED_PROTO);
    }

    private static void remove(Fields fields, FieldKind kind) {
        for (int i = 0; (i = fields.find(kind, i)) >= 0; i++) {
            fields.remove(i);
        }
    }
}
