package io.culvert.e2e;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;

import io.culvert.gateway.upstream.GroupStatus;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ResourceLeakDetector;

import jdk.management.VirtualThreadSchedulerMXBean;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.regex.Pattern;

/**
 * What a gateway of this process stands on before a load, and has to come back to: descriptors,
 * threads, connections to servers. Meanwhile the path of every buffer is followed, so that one that
 * nobody gives back is known when it is garbage.
 */
final class Footing implements AutoCloseable {
    /** Threads of the library's, which come with demand and go by themselves. */
    private static final Pattern POOLED =
            Pattern.compile(
                    "(ForkJoinPool|VirtualThread|CompletableFuture|process"
                            + " reaper|tls-|.*Poller).*");

    private final Topology topology;
    private final long descriptors;
    private final long threads;
    private final int carriers;
    private final ResourceLeakDetector.Level before = ResourceLeakDetector.getLevel();
    private final Logger logger =
            (Logger) org.slf4j.LoggerFactory.getLogger(ResourceLeakDetector.class);
    private final ListAppender<ILoggingEvent> leaks = new ListAppender<>();

    private Footing(Topology topology) throws Exception {
        this.topology = topology;
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
        leaks.start();
        logger.addAppender(leaks);
        descriptors = topology.descriptors();
        threads = threads().size();
        carriers = scheduler().getParallelism();
    }

    /** To be taken when all hosts and servers are there, and no load. */
    static Footing of(Topology topology) throws Exception {
        awaitPollers();
        return new Footing(topology);
    }

    /**
     * The first virtual thread that waits for a descriptor has the library make some of its own.
     */
    private static void awaitPollers() throws Exception {
        Pipe pipe = Pipe.open();
        try (Pipe.SourceChannel source = pipe.source();
                Pipe.SinkChannel sink = pipe.sink()) {
            FutureTask<Integer> read = new FutureTask<>(() -> source.read(ByteBuffer.allocate(1)));
            Thread reader = Thread.ofVirtual().start(read);
            Eventually.equal(Thread.State.WAITING, "it waits", reader::getState);
            int _ = sink.write(ByteBuffer.allocate(1));
            int _ = read.get();
        }
    }

    private static VirtualThreadSchedulerMXBean scheduler() {
        return ManagementFactory.getPlatformMXBean(VirtualThreadSchedulerMXBean.class);
    }

    private static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> !POOLED.matcher(name).matches())
                .sorted()
                .toList();
    }

    /** Waits until nothing is left of the load, whose clients and servers have closed. */
    void isAsBefore() throws Exception {
        Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
        Eventually.equal(
                List.of(),
                "requests and connections of servers",
                () ->
                        topology.gateway().upstreams().status().stream()
                                .flatMap(group -> group.members().stream())
                                .filter(member -> member.requests() + member.connections() != 0)
                                .map(GroupStatus.MemberStatus::toString)
                                .toList());
        Eventually.equal(0, "kept connections", () -> topology.gateway().http().idle());
        Eventually.holds(
                "descriptors, at most " + descriptors, () -> topology.descriptors() <= descriptors);
        Eventually.equal(carriers, "carriers", () -> scheduler().getParallelism());
        Eventually.holds(
                "threads, at most " + threads + " of " + threads(),
                () -> threads().size() <= threads);
        topology.everyPacketIsAccountedFor();
        noBufferIsLost();
    }

    /** What is garbage is told when further buffers are made. */
    private void noBufferIsLost() {
        for (int i = 0; i < 5; i++) {
            System.gc();
            boolean _ = ByteBufAllocator.DEFAULT.directBuffer(1).release();
        }
        List<String> lost =
                List.copyOf(leaks.list).stream().map(ILoggingEvent::getFormattedMessage).toList();
        if (!lost.isEmpty()) {
            throw new AssertionError(lost.size() + " buffers, the first: " + lost.getFirst());
        }
    }

    @Override
    public void close() {
        logger.detachAppender(leaks);
        ResourceLeakDetector.setLevel(before);
    }
}
