package io.culvert.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.culvert.hook.Reason;
import io.culvert.upgrade.TakenDatagrams;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.unix.SegmentedDatagramPacket;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

class FlowChannelTest {
    private static final InetSocketAddress INITIATOR = new InetSocketAddress("192.0.2.1", 1000);
    private static final InetSocketAddress TARGET = new InetSocketAddress("192.0.2.2", 443);

    private final EventLoop loop = new DefaultEventLoop();
    private final List<String> happened = new CopyOnWriteArrayList<>();
    private final FlowChannel channel =
            new FlowChannel(new Flow(), INITIATOR, TARGET, ByteBuffer.allocateDirect(100));

    private final class Flow implements TakenDatagrams {
        @Override
        public int largestPayload() {
            return 100;
        }

        @Override
        public void send(ByteBuffer payload, int offset, int length, int segmentSize) {
            byte[] bytes = new byte[length];
            payload.get(offset, bytes);
            happened.add("send " + new String(bytes, StandardCharsets.US_ASCII) + segmentSize);
        }

        @Override
        public void flush() {
            happened.add("flush");
        }

        @Override
        public void leave(Reason reason) {
            happened.add("leave " + reason);
        }
    }

    private final class Reads extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            DatagramPacket packet = (DatagramPacket) message;
            happened.add(
                    packet.sender().getPort()
                            + ">"
                            + packet.recipient().getPort()
                            + " "
                            + packet.content().toString(StandardCharsets.US_ASCII));
            packet.release();
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            happened.add("complete");
        }
    }

    @BeforeEach
    void begin() throws Exception {
        loop.register(channel).sync();
        channel.pipeline().addLast(new Reads());
    }

    @AfterEach
    void end() {
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private static ByteBuf text(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
    }

    @Test
    void datagramsThatCameAsOneAreReadOneByOneAndToTheirEndTogether() throws Exception {
        ByteBuffer bytes = ByteBuffer.wrap("..abcde".getBytes(StandardCharsets.US_ASCII));
        loop.submit(
                        () -> {
                            channel.datagrams(bytes, 2, 5, 2);
                            channel.datagrams(bytes, 2, 1, 1);
                        })
                .sync();
        loop.submit(() -> {}).sync();
        assertEquals(
                List.of("1000>443 ab", "1000>443 cd", "1000>443 e", "1000>443 a", "complete"),
                happened);
    }

    @Test
    void whatIsWrittenGoesToTheFlowsInitiatorAndOneFlushToIt() throws Exception {
        ChannelFuture one = channel.write(new DatagramPacket(text("one"), TARGET));
        ChannelFuture two =
                channel.writeAndFlush(
                        new SegmentedDatagramPacket(
                                Unpooled.wrappedBuffer(text("ab"), text("cd")), 2, INITIATOR));
        one.sync();
        two.sync();
        loop.submit(() -> {}).sync();
        assertEquals(List.of("send one3", "send abcd2", "flush"), happened);
    }

    @Test
    void whatIsTooLongForAPacketIsRefused() throws Exception {
        ByteBuf content = Unpooled.wrappedBuffer(new byte[101]);
        assertFalse(
                channel.writeAndFlush(new DatagramPacket(content, INITIATOR)).await().isSuccess());
        assertEquals(0, content.refCnt());
    }

    @Test
    void itsEndIsTheFlows() throws Exception {
        channel.close().sync();
        loop.submit(() -> channel.datagrams(ByteBuffer.allocate(5), 0, 5, 5)).sync();
        assertEquals(List.of("leave FINISHED"), happened);
        assertFalse(channel.isActive());
    }
}
