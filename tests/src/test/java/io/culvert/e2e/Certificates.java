package io.culvert.e2e;

import java.io.IOException;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * A gateway's certificate and key, which are replaced as programs do that renew certificates: file
 * by file, under another name first. Clients believe each that there was, and are counted by which
 * one they were shown.
 */
final class Certificates {
    /** That clients ask for. */
    static final String NAME = "www.example.org";

    private final Path directory;
    private final Host host;
    private final Map<Certificate, Integer> known = new ConcurrentHashMap<>();
    private final Map<Integer, AtomicLong> shown = new ConcurrentHashMap<>();
    private int made;

    private Certificates(Path directory, Host host) {
        this.directory = directory;
        this.host = host;
    }

    /** With a first one in place. */
    static Certificates in(Path directory, Host host) throws Exception {
        Certificates certificates = new Certificates(directory, host);
        int _ = certificates.replace();
        return certificates;
    }

    Path certificate() {
        return directory.resolve("www.pem");
    }

    Path key() {
        return directory.resolve("www.key");
    }

    /** The section of the configuration. */
    String yaml() {
        return "tls: { certificates: [ { certificate: %s, key: %s } ] }\n"
                .formatted(certificate(), key());
    }

    /** Puts another certificate in place, and answers its number. */
    int replace() throws Exception {
        Path key = directory.resolve("fresh.key");
        Path certificate = directory.resolve("fresh.pem");
        Tool.OPENSSL.succeeds(
                host,
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "30",
                "-subj",
                "/CN=" + NAME,
                "-addext",
                "subjectAltName=DNS:" + NAME,
                "-keyout",
                key.toString(),
                "-out",
                certificate.toString());
        made++;
        try (var in = Files.newInputStream(certificate)) {
            known.put(CertificateFactory.getInstance("X.509").generateCertificate(in), made);
        }
        Files.move(certificate, certificate(), StandardCopyOption.REPLACE_EXISTING);
        Files.move(key, key(), StandardCopyOption.REPLACE_EXISTING);
        return made;
    }

    /** Leaves half a certificate in place. */
    void spoil() throws IOException {
        String whole = Files.readString(certificate());
        Files.writeString(certificate(), whole.substring(0, whole.length() / 2));
    }

    /**
     * A connection over TLS; its certificate is one that there was. It resumes no session, whose
     * certificate would be that of its beginning.
     */
    Socket over(SocketChannel channel) throws IOException {
        Socket plain = HttpLoad.socket(channel);
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {new Known()}, null);
            SSLSocket socket =
                    (SSLSocket) context.getSocketFactory().createSocket(plain, NAME, 443, true);
            socket.startHandshake();
            Certificate peer = socket.getSession().getPeerCertificates()[0];
            shown.computeIfAbsent(known.get(peer), _ -> new AtomicLong()).incrementAndGet();
            return socket;
        } catch (GeneralSecurityException e) {
            throw new IOException(e);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** Numbers of those that clients were shown since this was last asked. */
    Set<Integer> shown() {
        Set<Integer> numbers = Set.copyOf(shown.keySet());
        shown.clear();
        return numbers;
    }

    /** Believes what there was, whoever signed it. */
    private final class Known implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type)
                throws java.security.cert.CertificateException {
            if (!known.containsKey(chain[0])) {
                throw new java.security.cert.CertificateException("a stranger's");
            }
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
