package io.culvert.nat;

import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

/**
 * The binding of an inside endpoint, which is a tenant's address and port, to the outside endpoint
 * that all its flows appear from. Of ICMP a query's identifier is the port; a protocol without
 * ports has 0.
 *
 * <p>It lives while it has flows. Then it rests: no look-up finds it, nobody else gets its outside
 * endpoint, and the inside endpoint itself gets it back. No packet does anything to it, and no ICMP
 * error in particular (RFC 4787 REQ-12, RFC 5382 REQ-10, RFC 5508 REQ-6).
 *
 * <p>Threading: who and where never change and are anybody's to read; all else is the table's.
 */
public final class Mapping {
    private final InsideEndpoint inside;
    private final OutsideAddress outside;
    private final int outsidePort;

    /** Whether it is one of those that keep its host and its outside address together. */
    private final boolean paired;

    /** How many flows go to each address; null where nobody asks. */
    private final AddressTable<Integer> externals;

    private int flows;
    private volatile boolean alive;
    private long releasedAtNanos;

    Mapping(
            InsideEndpoint inside,
            OutsideAddress outside,
            int outsidePort,
            boolean paired,
            boolean remembersExternals) {
        this.inside = inside;
        this.outside = outside;
        this.outsidePort = outsidePort;
        this.paired = paired;
        externals = remembersExternals ? new AddressTable<>() : null;
    }

    public int tenant() {
        return inside.tenant();
    }

    public int protocol() {
        return inside.protocol();
    }

    public long insideHigh() {
        return inside.high();
    }

    public long insideLow() {
        return inside.low();
    }

    public int insidePort() {
        return inside.port();
    }

    public long outsideHigh() {
        return outside.address().high();
    }

    public long outsideLow() {
        return outside.address().low();
    }

    public int outsidePort() {
        return outsidePort;
    }

    /** Whether it has flows. */
    public boolean isAlive() {
        return alive;
    }

    boolean hasPorts() {
        return inside.hasPorts();
    }

    InsideEndpoint inside() {
        return inside;
    }

    OutsideAddress outside() {
        return outside;
    }

    boolean isPaired() {
        return paired;
    }

    /** Whether a live flow goes to that address; only where the filtering asks. */
    boolean talksTo(long externalHigh, long externalLow) {
        return externals.get(0, externalHigh, externalLow) != null;
    }

    void opened(long externalHigh, long externalLow) {
        if (externals != null) {
            Integer before = externals.get(0, externalHigh, externalLow);
            externals.put(0, externalHigh, externalLow, before == null ? 1 : before + 1);
        }
        flows++;
        alive = true;
    }

    void closed(long externalHigh, long externalLow, long nowNanos) {
        if (flows == 0) {
            throw new IllegalStateException("no flow of " + this);
        }
        if (externals != null) {
            forget(externalHigh, externalLow);
        }
        flows--;
        alive = flows > 0;
        releasedAtNanos = nowNanos;
    }

    private void forget(long externalHigh, long externalLow) {
        Integer before = externals.get(0, externalHigh, externalLow);
        if (before == null) {
            IpAddress external = new IpAddress(externalHigh, externalLow);
            throw new IllegalStateException("no flow of " + this + " to " + external);
        } else if (before == 1) {
            externals.remove(0, externalHigh, externalLow);
        } else {
            externals.put(0, externalHigh, externalLow, before - 1);
        }
    }

    /** When the last flow ended, where none lives. */
    long releasedAtNanos() {
        return releasedAtNanos;
    }

    @Override
    public String toString() {
        return "mapping "
                + IpProtocol.name(protocol())
                + " tenant "
                + tenant()
                + " "
                + endpoint(new IpAddress(inside.high(), inside.low()), inside.port())
                + " <-> "
                + endpoint(outside.address(), outsidePort);
    }

    private static String endpoint(IpAddress address, int port) {
        if (port == 0) {
            return address.toString();
        }
        return address.isIpv4() ? address + ":" + port : "[" + address + "]:" + port;
    }
}
