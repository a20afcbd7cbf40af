package io.culvert.gateway.telemetry;

import io.culvert.gateway.tls.Tls;
import io.culvert.gateway.tls.TlsFigures;
import io.culvert.gateway.tls.TlsFigures.Handshake;
import io.culvert.gateway.tls.TlsFigures.Side;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;

import java.util.Locale;

/**
 * What became of handshakes, and when certificates end.
 *
 * @param tls read when asked for
 */
public record TlsCollector(Tls tls) implements MultiCollector {
    @Override
    public MetricSnapshots collect() {
        TlsFigures figures = tls.figures();
        Snapshots page = new Snapshots();
        for (Side side : Side.values()) {
            for (Handshake outcome : Handshake.values()) {
                page.add(
                        Series.TLS_HANDSHAKES,
                        figures.handshakes(side, outcome),
                        word(side),
                        word(outcome));
            }
        }
        page.add(Series.TLS_CERTIFICATE_RELOADS, figures.reloads(), "read")
                .add(Series.TLS_CERTIFICATE_RELOADS, figures.failedReloads(), "failed")
                .add(Series.TLS_MINTED, figures.minted())
                .add(Series.TLS_INSPECTION_REFUSED, figures.refused())
                .add(Series.TLS_INSPECTION_PASSED, figures.passed());
        for (Tls.Expiry each : tls.certificates()) {
            page.addExactly(
                    Series.TLS_CERTIFICATE_NOT_AFTER,
                    (double) each.notAfter().getEpochSecond(),
                    Texts.wellFormed(each.name()));
        }
        return page.build();
    }

    private static String word(Enum<?> of) {
        return of.name().toLowerCase(Locale.ROOT);
    }
}
