package io.culvert.linux;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * A table of the kernel's packet filter, as {@link Nftables} lists it.
 *
 * @param owned whether it belongs to a process that lives
 * @param comment empty where it has none
 */
public record NftTable(String name, boolean owned, String comment) {
    /** Bytes of the longest comment. */
    public static final int LONGEST_COMMENT = 127;

    /** From {@code linux/netfilter/nf_tables.h}. */
    static final int NFTA_TABLE_NAME = 1;

    static final int NFTA_TABLE_FLAGS = 2;
    static final int NFTA_TABLE_USERDATA = 6;
    static final int NFT_TABLE_F_OWNER = 2;

    /** {@code struct nfgenmsg}: family, version, resource. */
    static final int ATTRIBUTES = 4;

    /** As nft(8) keeps one: type 0, length with the zero at the end, text. */
    private static final int COMMENT = 0;

    private static final int COMMENT_HEADER = 2;

    static byte[] encodeComment(String comment) {
        byte[] text = comment.getBytes(StandardCharsets.UTF_8);
        if (text.length > LONGEST_COMMENT) {
            throw new IllegalArgumentException("a comment of " + text.length + " bytes");
        }
        return ByteBuffer.allocate(COMMENT_HEADER + text.length + 1)
                .put((byte) COMMENT)
                .put((byte) (text.length + 1))
                .put(text)
                .array();
    }

    static NftTable decode(ByteBuffer bytes) {
        NetlinkAttributes attributes = NetlinkAttributes.read(bytes, ATTRIBUTES);
        return new NftTable(
                attributes.string(NFTA_TABLE_NAME, ""),
                (attributes.u32InNetworkOrder(NFTA_TABLE_FLAGS, 0) & NFT_TABLE_F_OWNER) != 0,
                decodeComment(attributes.bytes(NFTA_TABLE_USERDATA)));
    }

    private static String decodeComment(byte... data) {
        if (data.length <= COMMENT_HEADER || data[0] != COMMENT) {
            return "";
        }
        int length = Math.min(Byte.toUnsignedInt(data[1]), data.length - COMMENT_HEADER);
        String text = new String(data, COMMENT_HEADER, length, StandardCharsets.UTF_8);
        int end = text.indexOf('\0');
        return end < 0 ? text : text.substring(0, end);
    }
}
