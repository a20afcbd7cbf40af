package io.culvert.e2e;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.BitSet;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A flow of numbered datagrams to an echo, on a thread of its own. So few are under way at once
 * that every queue has room for them, so one that does not come back was lost by somebody.
 */
final class CountedDatagrams implements AutoCloseable {
    private static final int WINDOW = 16;
    private static final int LENGTH = 64;

    /** What is not back by then is lost; nothing here takes as long. */
    private static final int PATIENCE_MILLIS = 5_000;

    private final DatagramChannel channel;
    private final InetSocketAddress to;
    private final AtomicBoolean over = new AtomicBoolean();
    private final AtomicInteger answered = new AtomicInteger();
    private final FutureTask<Integer> task = new FutureTask<>(this::exchange);

    private CountedDatagrams(DatagramChannel channel, InetSocketAddress to) {
        this.channel = channel;
        this.to = to;
    }

    /** Begins. */
    static CountedDatagrams from(Host host, Family family, InetSocketAddress to)
            throws IOException {
        CountedDatagrams datagrams = new CountedDatagrams(host.udp(family, null, 0), to);
        Thread.ofPlatform().daemon().start(datagrams.task);
        return datagrams;
    }

    private int exchange() throws IOException {
        channel.connect(to);
        channel.socket().setSoTimeout(PATIENCE_MILLIS);
        BitSet missing = new BitSet();
        DatagramPacket answer = new DatagramPacket(new byte[LENGTH], LENGTH);
        int sent = 0;
        while (!over.get() || !missing.isEmpty()) {
            while (!over.get() && missing.cardinality() < WINDOW) {
                missing.set(sent);
                channel.write(ByteBuffer.allocate(LENGTH).putInt(0, sent));
                sent++;
            }
            try {
                channel.socket().receive(answer);
            } catch (SocketTimeoutException lost) {
                throw new AssertionError("of " + sent + " never came back: " + missing, lost);
            }
            int number = ByteBuffer.wrap(answer.getData()).getInt();
            if (number < 0 || number >= sent || !missing.get(number)) {
                throw new AssertionError(number + " came back, though not missing");
            }
            missing.clear(number);
            answered.incrementAndGet();
        }
        return sent;
    }

    /** Waits until so many more are back, or one is lost. */
    void awaitMore(int count) throws Exception {
        int before = answered.get();
        Eventually.holds("more datagrams", () -> answered.get() - before >= count || task.isDone());
        if (task.isDone()) {
            throw new AssertionError("it ended too early, with " + task.get());
        }
    }

    /** Sends none any more, and waits for those that are under way; how many there were. */
    int end() throws Exception {
        over.set(true);
        return task.get();
    }

    @Override
    public void close() throws IOException {
        over.set(true);
        channel.close();
    }
}
