package io.culvert.e2e;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * What an attack is measured by: two hundred TCP connections, each of which asks a thousand bytes
 * and gets them back, ten times a second. Goodput is how many such exchanges are completed; one
 * that is late is made up for by leaving out the next, so that less is completed where things take
 * longer.
 *
 * <p>The pace is fixed because attacker, clients, servers and gateway share the machine's few
 * processors: as fast as possible would measure how these share them, and not whether the gateway
 * lets itself be kept from its work.
 */
final class LegitimateFlows implements AutoCloseable {
    static final int FLOWS = 200;
    private static final int PER_SECOND = 10;
    private static final int BYTES = 1_000;
    private static final long INTERVAL = 1_000_000_000L / PER_SECOND;

    private final List<SocketChannel> channels = new ArrayList<>();
    private final AtomicLong exchanges = new AtomicLong();
    private final AtomicInteger broken = new AtomicInteger();
    private volatile boolean over;

    static LegitimateFlows start(Host client, Family family, InetSocketAddress echo)
            throws IOException {
        LegitimateFlows flows = new LegitimateFlows();
        for (int i = 0; i < FLOWS; i++) {
            SocketChannel channel = client.connect(family, echo);
            flows.channels.add(channel);
            int number = i;
            Thread.ofVirtual().start(() -> flows.exchange(channel, number));
        }
        return flows;
    }

    private void exchange(SocketChannel channel, int number) {
        byte[] content = new Content(number).bytes(BYTES);
        ByteBuffer answer = ByteBuffer.allocate(BYTES);
        long due = System.nanoTime() + number * INTERVAL / FLOWS;
        try {
            while (!over) {
                long early = due - System.nanoTime();
                if (early > 0) {
                    LockSupport.parkNanos(early);
                }
                ByteBuffer question = ByteBuffer.wrap(content);
                while (question.hasRemaining()) {
                    channel.write(question);
                }
                answer.clear();
                while (answer.hasRemaining()) {
                    if (channel.read(answer) < 0) {
                        throw new IOException("ended");
                    }
                }
                if (answer.flip().mismatch(ByteBuffer.wrap(content)) >= 0) {
                    throw new IOException("another answer");
                }
                exchanges.incrementAndGet();
                due += INTERVAL;
                long late = System.nanoTime() - due;
                if (late > INTERVAL) {
                    due += late / INTERVAL * INTERVAL;
                }
            }
        } catch (IOException e) {
            if (!over) {
                broken.incrementAndGet();
            }
        }
    }

    /** Exchanges completed so far. */
    long exchanges() {
        return exchanges.get();
    }

    /** Exchanges a second during that time. */
    double goodput(long millis) throws InterruptedException {
        long before = exchanges.get();
        long start = System.nanoTime();
        Thread.sleep(millis);
        return (exchanges.get() - before) * 1e9 / (System.nanoTime() - start);
    }

    /** Connections that have ended before their time, or got what was not theirs. */
    int broken() {
        return broken.get();
    }

    @Override
    public void close() throws IOException {
        over = true;
        for (SocketChannel channel : channels) {
            channel.close();
        }
    }
}
