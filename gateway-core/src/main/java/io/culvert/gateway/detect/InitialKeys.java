package io.culvert.gateway.detect;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;

import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Opens the Initial packets of QUIC clients, RFC 9001 section 5. Their keys are made of what they
 * carry in plain text, so anybody can: they protect from accidents, and not from readers.
 *
 * <p>The keys of one connection are kept until another's are asked for. Confined to one thread.
 */
final class InitialKeys {
    static final int TAG_LENGTH = 16;

    /** RFC 9001 section 5.4.2: bytes that the header's mask is made of. */
    static final int SAMPLE_LENGTH = 16;

    private static final int KEY_LENGTH = 16;
    private static final int NONCE_LENGTH = 12;
    private static final int SECRET_LENGTH = 32;
    private static final String LABEL_PREFIX = "tls13 ";

    private final Mac mac;
    private final Cipher header;
    private final Cipher packet;

    private QuicVersion version;
    private byte[] connection = new byte[0];
    private SecretKeySpec key;
    private final byte[] nonce = new byte[NONCE_LENGTH];

    InitialKeys() {
        try {
            mac = Mac.getInstance("HmacSHA256");
            header = Cipher.getInstance("AES/ECB/NoPadding");
            packet = Cipher.getInstance("AES/GCM/NoPadding");
        } catch (GeneralSecurityException missing) {
            // Every Java platform has the three.
            throw new AssertionError(missing);
        }
    }

    /**
     * Makes the keys of a connection's client.
     *
     * @param destination the connection id that the client's first packet goes to
     */
    void of(QuicVersion of, byte[] destination) throws GeneralSecurityException {
        if (of == version && Arrays.equals(connection, destination)) {
            return;
        }
        version = null;
        // RFC 9001 section 5.2; HKDF is RFC 5869.
        byte[] initial = hmac(of.salt(), destination);
        byte[] client = expand(initial, "client in", SECRET_LENGTH);
        key = new SecretKeySpec(expand(client, of.label() + " key", KEY_LENGTH), "AES");
        byte[] protection = expand(client, of.label() + " hp", KEY_LENGTH);
        header.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(protection, "AES"));
        System.arraycopy(expand(client, of.label() + " iv", NONCE_LENGTH), 0, nonce, 0, 12);
        connection = destination.clone();
        version = of;
    }

    private byte[] hmac(byte[] with, byte[] data) throws GeneralSecurityException {
        mac.init(new SecretKeySpec(with, "HmacSHA256"));
        return mac.doFinal(data);
    }

    /** HKDF-Expand-Label, RFC 8446 section 7.1, with no context and one block or less of output. */
    private byte[] expand(byte[] secret, String label, int length) throws GeneralSecurityException {
        byte[] name = (LABEL_PREFIX + label).getBytes(StandardCharsets.US_ASCII);
        byte[] info = new byte[2 + 1 + name.length + 1 + 1];
        info[1] = (byte) length;
        info[2] = (byte) name.length;
        System.arraycopy(name, 0, info, 3, name.length);
        // No context, and RFC 5869's number of the first block.
        info[info.length - 1] = 1;
        return Arrays.copyOf(hmac(secret, info), length);
    }

    /**
     * The mask of a packet's header, RFC 9001 section 5.4.3.
     *
     * @param bytes with the sample from {@code at} on
     */
    byte[] mask(byte[] bytes, int at) throws GeneralSecurityException {
        return header.doFinal(bytes, at, SAMPLE_LENGTH);
    }

    /**
     * Opens a packet, RFC 9001 section 5.3.
     *
     * @param bytes with the packet, its header protection removed
     * @param from where its header begins
     * @param payload where its payload begins
     * @param end behind its tag
     * @return the frames
     * @throws GeneralSecurityException where it was not sealed with these keys
     */
    byte[] open(byte[] bytes, int from, int payload, int end, long number)
            throws GeneralSecurityException {
        byte[] iv = nonce.clone();
        for (int i = 0; i < Long.BYTES; i++) {
            iv[NONCE_LENGTH - 1 - i] ^= (byte) (number >>> (8 * i));
        }
        packet.init(Cipher.DECRYPT_MODE, key, new GCMParameterSpec(8 * TAG_LENGTH, iv));
        packet.updateAAD(bytes, from, payload - from);
        return packet.doFinal(bytes, payload, end - payload);
    }
}
