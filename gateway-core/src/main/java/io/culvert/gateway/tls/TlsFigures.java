package io.culvert.gateway.tls;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/**
 * Counts of handshakes and of certificates.
 *
 * <p>Threading: any.
 */
public final class TlsFigures {
    /** What became of a handshake. */
    public enum Handshake {
        /** It is done, in TLS 1.2. */
        TLS12,
        /** It is done, in TLS 1.3. */
        TLS13,
        /** The other side has said with an alert that it does not want it. */
        ALERT,
        /** The other side's certificate is not believed, or missing. */
        CERTIFICATE,
        /** The other side closed the connection. */
        CLOSED,
        /** It took too long. */
        TIMEOUT,
        /** What came is not TLS. */
        NOT_TLS,
        /** Both sides have no version, suite or the like in common, or something else is wrong. */
        OTHER
    }

    /** Who has begun a handshake. */
    public enum Side {
        /** A client, with the gateway. */
        SERVER,
        /** The gateway, with an upstream. */
        CLIENT
    }

    private final Map<Side, Map<Handshake, LongAdder>> handshakes = new EnumMap<>(Side.class);
    private final LongAdder minted = new LongAdder();
    private final LongAdder refused = new LongAdder();
    private final LongAdder passed = new LongAdder();
    private final LongAdder reloads = new LongAdder();
    private final LongAdder failedReloads = new LongAdder();

    TlsFigures() {
        for (Side side : Side.values()) {
            Map<Handshake, LongAdder> counts = new EnumMap<>(Handshake.class);
            for (Handshake each : Handshake.values()) {
                counts.put(each, new LongAdder());
            }
            handshakes.put(side, counts);
        }
    }

    void count(Side side, Handshake outcome) {
        handshakes.get(side).get(outcome).increment();
    }

    void certificateMinted() {
        minted.increment();
    }

    void inspectionRefused() {
        refused.increment();
    }

    void letPass() {
        passed.increment();
    }

    void reloaded() {
        reloads.increment();
    }

    void reloadFailed() {
        failedReloads.increment();
    }

    public long handshakes(Side side, Handshake outcome) {
        return handshakes.get(side).get(outcome).sum();
    }

    /** Certificates minted for inspection. */
    public long minted() {
        return minted.sum();
    }

    /** Clients that did not believe a minted certificate, and said so. */
    public long refused() {
        return refused.sum();
    }

    /** Connections let through undecrypted where others are inspected. */
    public long passed() {
        return passed.sum();
    }

    /** Times that files had changed and were read. */
    public long reloads() {
        return reloads.sum();
    }

    /** Times that files had changed and could not be used. */
    public long failedReloads() {
        return failedReloads.sum();
    }
}
