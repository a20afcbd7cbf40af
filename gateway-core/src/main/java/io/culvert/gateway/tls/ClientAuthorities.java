package io.culvert.gateway.tls;

import java.security.cert.X509Certificate;
import java.util.List;

/**
 * Whose certificates clients have to show.
 *
 * @param optional whether one that shows none is let in all the same
 */
record ClientAuthorities(List<X509Certificate> certificates, boolean optional) {
    ClientAuthorities {
        certificates = List.copyOf(certificates);
    }
}
