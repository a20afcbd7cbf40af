package io.culvert.bench;

import io.culvert.flow.CycleClock;
import io.culvert.flow.Direction;
import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowPath;
import io.culvert.flow.FlowTable;
import io.culvert.nat.Endpoints;
import io.culvert.nat.SlotAddresses;
import io.culvert.nat.SlotPool;
import io.culvert.nat.Translation;
import io.culvert.wire.Defect;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpPacket;
import io.culvert.wire.IpProtocol;
import io.culvert.wire.TcpHeader;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;

/**
 * A segment of an upgraded TCP flow: all that a worker does between reading and writing it. Its
 * bytes are put back first, so that each packet is like the one before; {@link #putBack} is that
 * alone, and not subtracted.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Thread)
public class KnownFlowBenchmark {
    @Param({"4", "6"})
    int version;

    private final CycleClock clock = new CycleClock(System::nanoTime);
    private final FlowTable table = Flows.table(clock);
    private final SlotPool slots = new SlotPool(1_000, 0);
    private final SlotAddresses addresses = new SlotAddresses(0);
    private final IpPacket packet = new IpPacket();
    private final FlowKey key = new FlowKey();
    private final ByteBuffer bytes = ByteBuffer.allocateDirect(128);

    private byte[] request;
    private byte[] reply;

    /** What the flow does with its packets. */
    private record Path(Translation inward, Translation outward) implements FlowPath {
        @Override
        public String state() {
            return "relaying";
        }

        @Override
        public void release() {}
    }

    @Setup
    public void open() {
        boolean ipv6 = version == 6;
        IpAddress client = IpAddress.parse(ipv6 ? "2001:db8::2" : "10.50.0.2");
        IpAddress server = IpAddress.parse(ipv6 ? "2001:db8:ffff::7" : "203.0.113.7");
        Endpoints outside =
                new Endpoints(
                        client.high(), client.low(), 40_000, server.high(), server.low(), 443);
        // A thousand others, so that the flow is one among many and not in the cache alone.
        for (int i = 0; i < 1_000; i++) {
            Flows.open(table, Flows.set(key, IpProtocol.TCP, i));
        }
        Flow flow = Flows.open(table, set(outside));
        int slot = slots.claim(flow, 0);
        Endpoints inside =
                new Endpoints(
                        addresses.high(ipv6),
                        addresses.slotLow(ipv6, slot),
                        addresses.slotPort(slot),
                        addresses.high(ipv6),
                        addresses.listenerLow(ipv6),
                        SlotAddresses.LISTENER_PORT);
        flow.path(
                new Path(
                        new Translation(outside, inside),
                        new Translation(inside.reversed(), outside.reversed())));
        establish(flow);
        request = Segments.segment(outside, TcpHeader.ACK);
        reply = Segments.segment(inside.reversed(), TcpHeader.ACK);
    }

    private void establish(Flow flow) {
        segment(flow, Direction.FROM_INITIATOR, TcpHeader.SYN);
        segment(flow, Direction.FROM_TARGET, TcpHeader.SYN | TcpHeader.ACK);
        segment(flow, Direction.FROM_INITIATOR, TcpHeader.ACK);
        table.keepUntilClosed(flow);
    }

    private void segment(Flow flow, Direction from, int flags) {
        TcpHeader tcp = new TcpHeader();
        tcp.wrap(ByteBuffer.allocate(20).put(12, (byte) 0x50).put(13, (byte) flags), 0, 20);
        table.segment(flow, from, tcp);
    }

    private FlowKey set(Endpoints sides) {
        return key.set(
                Flows.TENANT.id(),
                IpProtocol.TCP,
                sides.sourceHigh(),
                sides.sourceLow(),
                sides.sourcePort(),
                sides.destinationHigh(),
                sides.destinationLow(),
                sides.destinationPort());
    }

    @Benchmark
    public ByteBuffer putBack() {
        return bytes.put(0, request);
    }

    /** From the client: the flow is found by its key. */
    @Benchmark
    public int request() {
        wrap(request);
        key.set(
                Flows.TENANT.id(),
                packet.protocol(),
                packet.sourceHigh(),
                packet.sourceLow(),
                packet.sourcePort(),
                packet.destinationHigh(),
                packet.destinationLow(),
                packet.destinationPort());
        Flow flow = table.find(key);
        return carry(flow, Direction.FROM_INITIATOR, ((Path) flow.path()).inward());
    }

    /** From the namespace: the flow is found by its slot. */
    @Benchmark
    public int reply() {
        wrap(reply);
        Flow flow =
                slots.flow(
                        addresses.slot(
                                packet.version() == 6,
                                packet.destinationHigh(),
                                packet.destinationLow(),
                                packet.destinationPort()));
        return carry(flow, Direction.FROM_TARGET, ((Path) flow.path()).outward());
    }

    private void wrap(byte[] original) {
        bytes.put(0, original);
        if (packet.wrap(bytes, 0, original.length) != Defect.NONE) {
            throw new IllegalStateException("a good packet");
        }
    }

    private int carry(Flow flow, Direction from, Translation translation) {
        if (flow.throttle() != null
                && flow.throttle().pass(1, packet.length(), clock.nanoTime()) != null) {
            return 0;
        }
        flow.count(from, 1, packet.length(), clock.nanoTime());
        table.segment(flow, from, packet.tcp());
        translation.apply(packet, false);
        table.seen(flow);
        return packet.sourcePort();
    }
}
