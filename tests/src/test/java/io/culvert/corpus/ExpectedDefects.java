package io.culvert.corpus;

import io.culvert.wire.Defect;

import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/**
 * What the packet view has to say of a packet of the corpus: with several defects, any of them. Bad
 * transport checksums, bytes behind the packet, a UDP surplus and broken quotes are not its affair.
 */
final class ExpectedDefects {
    private static final Map<String, Defect> BY_WORD =
            Map.ofEntries(
                    Map.entry("version", Defect.WRONG_VERSION),
                    Map.entry("header-cut", Defect.TRUNCATED_HEADER),
                    Map.entry("ihl-below-5", Defect.IHL_BELOW_FIVE),
                    Map.entry("ip-option-length", Defect.OPTION_LENGTH),
                    Map.entry("total-length-below-header", Defect.TOTAL_LENGTH_BELOW_HEADER),
                    Map.entry("total-length-zero", Defect.TOTAL_LENGTH_BELOW_HEADER),
                    Map.entry("total-length-beyond-end", Defect.LENGTH_BEYOND_END),
                    Map.entry("capture-cut", Defect.LENGTH_BEYOND_END),
                    Map.entry("header-checksum", Defect.HEADER_CHECKSUM),
                    Map.entry("header-checksum-zero", Defect.HEADER_CHECKSUM),
                    Map.entry("extension-cut", Defect.EXTENSION_TRUNCATED),
                    Map.entry("extension-beyond-end", Defect.EXTENSION_TRUNCATED),
                    Map.entry("extension-option-length", Defect.EXTENSION_OPTION_LENGTH),
                    Map.entry("fragment-not-multiple-of-8", Defect.FRAGMENT_NOT_MULTIPLE_OF_8),
                    Map.entry("fragment-beyond-65535", Defect.FRAGMENT_BEYOND_65535),
                    Map.entry("tcp-short", Defect.TCP_TRUNCATED),
                    Map.entry("udp-short", Defect.UDP_TRUNCATED),
                    Map.entry("icmp-short", Defect.ICMP_TRUNCATED),
                    Map.entry("udp-length-below-8", Defect.UDP_LENGTH),
                    Map.entry("udp-length-beyond-end", Defect.UDP_LENGTH),
                    Map.entry("udp6-checksum-zero", Defect.UDP6_CHECKSUM_ZERO));

    private ExpectedDefects() {}

    /** Never empty; {@link Defect#NONE} alone where the packet is to be taken. */
    static Set<Defect> of(CorpusPacket packet) {
        String shape = packet.shape();
        // RFC 5095 section 4.2: to a gateway the type is enough, whatever else is right or wrong.
        if (shape.contains("[rt:t0") || shape.contains(",rt:t0")) {
            return Set.of(Defect.ROUTING_TYPE_ZERO);
        }
        // RFC 2675: its payload length is 0, and jumbograms are not for our links.
        if (shape.contains(" jumbo ")) return Set.of(Defect.EXTENSION_TRUNCATED);
        // RFC 8200 section 4.5 counts the hop-by-hop options before it: 65,536 bytes. tshark does
        // not, and puts the datagram together.
        if (shape.contains("fragment:last:far ext[hbh,frag]")) {
            return Set.of(Defect.FRAGMENT_BEYOND_65535);
        }
        Set<Defect> expected = EnumSet.noneOf(Defect.class);
        for (String word : packet.defects()) {
            Defect defect = BY_WORD.get(word);
            if (defect != null && !isNeighbourDiscovery(defect, shape)) expected.add(defect);
        }
        if (expected.isEmpty()) expected.add(Defect.NONE);
        return expected;
    }

    /** Eight bytes and more are there; what is missing is for the host that would act on it. */
    private static boolean isNeighbourDiscovery(Defect defect, String shape) {
        return defect == Defect.ICMP_TRUNCATED && shape.contains(" icmp:13");
    }
}
