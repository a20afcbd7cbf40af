package io.culvert.gateway.upstream;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/**
 * A server of a group: what it is, how it does, and what it has to do now.
 *
 * <p>Threading: any thread.
 */
final class ServerMember implements Member {
    /** Of the time to the first byte, what a new one counts in the mean. */
    private static final double NEWEST = 0.1;

    private final Key key;
    private final String upstream;
    private final LinkSettings link;
    private final MemberHealth health;
    private final AtomicInteger requests = new AtomicInteger();
    private final AtomicInteger connections = new AtomicInteger();
    private final LongAdder served = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private volatile List<InetSocketAddress> addresses;
    private volatile int weight;
    private volatile int connectionLimit;
    private volatile boolean retired;
    private volatile double firstByteNanos;

    /**
     * What tells a server from others of its group.
     *
     * @param server host and port, as configured
     * @param address without the port; empty where all addresses are one server
     */
    record Key(String server, String address) {
        String text() {
            return address.isEmpty() || server.startsWith(address) || server.startsWith("[")
                    ? server
                    : server + "/" + address;
        }
    }

    ServerMember(
            Key key,
            String upstream,
            LinkSettings link,
            List<InetSocketAddress> addresses,
            MemberHealth health) {
        this.key = key;
        this.upstream = upstream;
        this.link = link;
        this.addresses = List.copyOf(addresses);
        this.health = health;
    }

    Key key() {
        return key;
    }

    @Override
    public String name() {
        return key.text();
    }

    @Override
    public String upstream() {
        return upstream;
    }

    @Override
    public List<InetSocketAddress> addresses() {
        return addresses;
    }

    @Override
    public String authority() {
        return key.server();
    }

    @Override
    public Protocol protocol() {
        return link.protocol();
    }

    @Override
    public boolean isTls() {
        return link.tls().isPresent();
    }

    @Override
    public boolean isShared() {
        return link.isShared();
    }

    @Override
    public boolean isRetired() {
        return retired;
    }

    LinkSettings link() {
        return link;
    }

    MemberHealth health() {
        return health;
    }

    int weight() {
        return weight;
    }

    /** From now on these apply. */
    void become(List<InetSocketAddress> addresses, int weight, int connectionLimit) {
        this.addresses = List.copyOf(addresses);
        this.weight = weight;
        this.connectionLimit = connectionLimit;
    }

    /** Its group has it no longer. */
    void retire() {
        retired = true;
    }

    /** Counts a live request, if there may be another one. */
    boolean take(int limit) {
        return take(requests, limit);
    }

    /** A live request is over. */
    void give() {
        requests.decrementAndGet();
    }

    /** Counts a connection, if there may be another one. */
    boolean connect() {
        return take(connections, connectionLimit);
    }

    /** A connection is closed, or did not come about. */
    void disconnect() {
        connections.decrementAndGet();
    }

    private static boolean take(AtomicInteger count, int limit) {
        for (; ; ) {
            int now = count.get();
            if (now >= limit) {
                return false;
            }
            if (count.compareAndSet(now, now + 1)) {
                return true;
            }
        }
    }

    void succeeded(long firstByteNanos, long nowNanos) {
        served.increment();
        // Two at once may lose one of them, which a mean can bear.
        double before = this.firstByteNanos;
        this.firstByteNanos =
                before == 0 ? firstByteNanos : before + NEWEST * (firstByteNanos - before);
        health.succeeded(nowNanos);
    }

    /** Returns whether that ejects it. */
    boolean failed(Failure kind, long nowNanos) {
        failed.increment();
        return health.failed(kind, nowNanos);
    }

    int requests() {
        return requests.get();
    }

    int connections() {
        return connections.get();
    }

    /** Requests answered. */
    long served() {
        return served.sum();
    }

    /** Requests that failed here. */
    long failures() {
        return failed.sum();
    }

    /** The mean of the newest times to the first byte; 0 before the first. */
    long firstByteNanos() {
        return (long) firstByteNanos;
    }

    /** Live requests for each unit of weight, one more counted. */
    double load() {
        return (requests.get() + 1.0) / Math.max(1, weight);
    }

    @Override
    public String toString() {
        return upstream + " " + name();
    }
}
