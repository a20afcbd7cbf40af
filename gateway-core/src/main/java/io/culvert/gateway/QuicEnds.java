package io.culvert.gateway;

import io.culvert.gateway.config.Configuration;
import io.culvert.gateway.policy.Proxying;
import io.culvert.gateway.tls.QuicTls;

/** Whether QUIC is ended here, as HTTP/3, and what is done with TLS where no rule says it. */
interface QuicEnds {
    boolean speaksHttp3();

    /** What is done with the TLS of a rule's flows. */
    Proxying.Tls tls(Proxying proxying);

    /** What a gateway with that configuration would do on this machine. */
    static QuicEnds of(Configuration configuration) {
        boolean spoken = configuration.http().http3() && QuicTls.obstacle().isEmpty();
        Proxying.Tls usual =
                configuration.tls().certificates().isEmpty()
                        ? Proxying.Tls.PASS
                        : Proxying.Tls.TERMINATE;
        return new QuicEnds() {
            @Override
            public boolean speaksHttp3() {
                return spoken;
            }

            @Override
            public Proxying.Tls tls(Proxying proxying) {
                return proxying.tls().orElse(usual);
            }
        };
    }
}
