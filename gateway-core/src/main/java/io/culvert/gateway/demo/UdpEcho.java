package io.culvert.gateway.demo;

import io.culvert.linux.NativeMemory;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Datagrams there and back, one after the other. */
record UdpEcho(Family family, int datagrams) implements Scene {
    private static final int LENGTH = 1_200;

    @Override
    public String title() {
        return datagrams + " datagrams there and back over " + family;
    }

    @Override
    public String expectation() {
        return "each datagram back as it was sent";
    }

    @Override
    public String play(Stage stage) throws IOException {
        ByteBuffer sent = NativeMemory.allocate(LENGTH);
        ByteBuffer back = NativeMemory.allocate(2 * LENGTH);
        long[] times = new long[datagrams];
        try (Connection connection =
                Connection.udp(
                        stage.client(Stage.ACME), family.server().address(), UdpEchoServer.PORT)) {
            for (int i = 0; i < datagrams; i++) {
                long start = System.nanoTime();
                connection.write(sent.clear().putInt(i % LENGTH & ~3, i).rewind());
                connection.read(back.clear());
                times[i] = System.nanoTime() - start;
                if (!back.flip().equals(sent.rewind())) {
                    throw new Surprise("another datagram in the place of number " + i);
                }
            }
        }
        return "none lost, median " + Amounts.median(times);
    }
}
