package io.culvert.gateway.detect;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.HexFormat;

import javax.crypto.Cipher;
import javax.crypto.KDF;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/** Writes Initial packets as a client does, by the JDK's own key derivation. */
final class SealedInitial {
    private final boolean second;
    private final byte[] destination;
    private byte[] token = new byte[0];
    private int number;

    /**
     * @param second of version 2
     */
    SealedInitial(boolean second, byte[] destination) {
        this.second = second;
        this.destination = destination;
    }

    SealedInitial token(int length) {
        token = new byte[length];
        return this;
    }

    /** A packet of those frames, padded so that it has as many bytes as that at least. */
    byte[] packet(int least, byte[]... frames) {
        try {
            return seal(least, Hello.bytes((Object[]) frames));
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    /** A CRYPTO frame with that part of a message. */
    static byte[] crypto(byte[] message, int from, int to) {
        byte[] part = java.util.Arrays.copyOfRange(message, from, to);
        return Hello.bytes(6, two(from), two(part.length), part);
    }

    /** An integer of two bytes. */
    static byte[] two(int value) {
        return Hello.bytes(0x40 | (value >>> 8), value & 0xff);
    }

    private byte[] seal(int least, byte[] frames) throws GeneralSecurityException {
        byte[] head =
                Hello.bytes(
                        second ? 0xd1 : 0xc1,
                        HexFormat.of().parseHex(second ? "6b3343cf" : "00000001"),
                        Hello.sized(1, destination),
                        Hello.sized(1, new byte[5]),
                        two(token.length),
                        token);
        int padded = Math.max(frames.length, least - head.length - 4 - 16);
        byte[] plain = java.util.Arrays.copyOf(frames, padded);
        int sent = number++;
        byte[] header = Hello.bytes(head, two(2 + plain.length + 16), sent >>> 8, sent & 0xff);

        String salt =
                second
                        ? "0dede3def700a6db819381be6e269dcbf9bd2ed9"
                        : "38762cf7f55934b34d179ae6a4c80cadccbb7f0a";
        KDF kdf = KDF.getInstance("HKDF-SHA256");
        SecretKey initial =
                kdf.deriveKey(
                        "Generic",
                        HKDFParameterSpec.ofExtract()
                                .addIKM(destination)
                                .addSalt(HexFormat.of().parseHex(salt))
                                .extractOnly());
        SecretKey client = new SecretKeySpec(expand(kdf, initial, "client in", 32), "Generic");
        String label = second ? "quicv2 " : "quic ";
        byte[] key = expand(kdf, client, label + "key", 16);
        byte[] nonce = expand(kdf, client, label + "iv", 12);
        byte[] protection = expand(kdf, client, label + "hp", 16);
        nonce[11] ^= (byte) sent;
        nonce[10] ^= (byte) (sent >>> 8);

        Cipher seal = Cipher.getInstance("AES/GCM/NoPadding");
        seal.init(
                Cipher.ENCRYPT_MODE,
                new SecretKeySpec(key, "AES"),
                new GCMParameterSpec(128, nonce));
        seal.updateAAD(header);
        byte[] packet = Hello.bytes(header, seal.doFinal(plain));
        int numberAt = header.length - 2;
        Cipher mask = Cipher.getInstance("AES/ECB/NoPadding");
        mask.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(protection, "AES"));
        byte[] bits = mask.doFinal(packet, numberAt + 4, 16);
        packet[0] ^= (byte) (bits[0] & 0x0f);
        packet[numberAt] ^= bits[1];
        packet[numberAt + 1] ^= bits[2];
        return packet;
    }

    private static byte[] expand(KDF kdf, SecretKey secret, String label, int length)
            throws GeneralSecurityException {
        byte[] name = ("tls13 " + label).getBytes(StandardCharsets.US_ASCII);
        byte[] info =
                ByteBuffer.allocate(4 + name.length)
                        .putShort((short) length)
                        .put((byte) name.length)
                        .put(name)
                        .array();
        return kdf.deriveData(HKDFParameterSpec.expandOnly(secret, info, length));
    }
}
