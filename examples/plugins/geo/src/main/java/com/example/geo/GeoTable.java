package com.example.geo;

import io.culvert.hook.Network;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Countries by prefix, from a file of lines {@code PREFIX,COUNTRY}. Immutable. */
final class GeoTable {
    private final RangeTable ipv4;
    private final RangeTable ipv6;
    private final List<String> countries;

    private GeoTable(RangeTable ipv4, RangeTable ipv6, List<String> countries) {
        this.ipv4 = ipv4;
        this.ipv6 = ipv6;
        this.countries = countries;
    }

    /**
     * Reads a file; empty lines and those that begin with {@code #} are passed over.
     *
     * @throws IOException it cannot be read, or a line is wrong, which the message names
     */
    static GeoTable read(Path file) throws IOException {
        RangeTable.Builder ipv4 = new RangeTable.Builder();
        RangeTable.Builder ipv6 = new RangeTable.Builder();
        // Index 0 is "no country".
        List<String> countries = new ArrayList<>(List.of(""));
        Map<String, Integer> indexes = new HashMap<>();
        try (BufferedReader lines = Files.newBufferedReader(file)) {
            int number = 0;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                number++;
                if (line.isBlank() || line.startsWith("#")) {
                    continue;
                }
                int comma = line.indexOf(',');
                if (comma < 0) {
                    throw new IOException(file + ":" + number + ": no PREFIX,COUNTRY");
                }
                int country =
                        indexes.computeIfAbsent(
                                line.substring(comma + 1).strip(),
                                name -> {
                                    countries.add(name);
                                    return countries.size() - 1;
                                });
                Network network;
                try {
                    network = Network.parse(line.substring(0, comma).strip());
                } catch (IllegalArgumentException wrong) {
                    throw new IOException(file + ":" + number + ": " + wrong.getMessage(), wrong);
                }
                byte[] first = network.address().getAddress();
                (first.length == 4 ? ipv4 : ipv6)
                        .add(high(first), low(first), 8 * first.length - network.length(), country);
            }
        }
        return new GeoTable(ipv4.build(), ipv6.build(), List.copyOf(countries));
    }

    /** As the file spells it; empty where no prefix holds the address. */
    String countryOf(InetAddress address) {
        byte[] bytes = address.getAddress();
        return countries.get((bytes.length == 4 ? ipv4 : ipv6).valueOf(high(bytes), low(bytes)));
    }

    private static long high(byte[] address) {
        return address.length == 4 ? 0 : ByteBuffer.wrap(address).getLong(0);
    }

    private static long low(byte[] address) {
        ByteBuffer bytes = ByteBuffer.wrap(address);
        return address.length == 4 ? Integer.toUnsignedLong(bytes.getInt(0)) : bytes.getLong(8);
    }
}
