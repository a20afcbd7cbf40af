package io.culvert.gateway.tls;

import io.netty.handler.ssl.OpenSslPrivateKeyMethod;

import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PSSParameterSpec;

import javax.net.ssl.SSLEngine;

/**
 * A private key that BoringSSL asks for signatures. Netty has it asked on the executor of delegated
 * tasks.
 *
 * <p>Threading: any.
 */
final class SigningKey implements OpenSslPrivateKeyMethod {
    private final PrivateKey key;

    SigningKey(KeyedCertificate certificate) {
        key = certificate.key();
    }

    @Override
    public byte[] sign(SSLEngine engine, int signatureAlgorithm, byte[] input)
            throws GeneralSecurityException {
        Signature signature = signature(signatureAlgorithm);
        signature.initSign(key);
        signature.update(input);
        return signature.sign();
    }

    /** The numbers are those of RFC 8446, section 4.2.3. */
    private static Signature signature(int scheme) throws GeneralSecurityException {
        return switch (scheme) {
            case 0x0403 -> Signature.getInstance("SHA256withECDSA");
            case 0x0503 -> Signature.getInstance("SHA384withECDSA");
            case 0x0603 -> Signature.getInstance("SHA512withECDSA");
            case 0x0401 -> Signature.getInstance("SHA256withRSA");
            case 0x0501 -> Signature.getInstance("SHA384withRSA");
            case 0x0601 -> Signature.getInstance("SHA512withRSA");
            case 0x0804 -> pss("SHA-256", MGF1ParameterSpec.SHA256, 32);
            case 0x0805 -> pss("SHA-384", MGF1ParameterSpec.SHA384, 48);
            case 0x0806 -> pss("SHA-512", MGF1ParameterSpec.SHA512, 64);
            default -> throw new SignatureException("nobody was offered the scheme " + scheme);
        };
    }

    private static Signature pss(String digest, MGF1ParameterSpec mask, int salt)
            throws GeneralSecurityException {
        Signature signature = Signature.getInstance("RSASSA-PSS");
        signature.setParameter(
                new PSSParameterSpec(
                        digest, "MGF1", mask, salt, PSSParameterSpec.TRAILER_FIELD_BC));
        return signature;
    }

    /** For key exchange by RSA, of which no suite is offered. */
    @Override
    public byte[] decrypt(SSLEngine engine, byte[] input) throws SignatureException {
        throw new SignatureException("no suite that is offered has a key decrypt");
    }
}
