package io.culvert.tun;

import io.culvert.linux.LinkAddress;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;

/** The contract on TUN devices; the host is this kernel. */
class TunQueueTest {
    @Nested
    class WithEveryOffload extends OnTheKernel {
        WithEveryOffload() {
            super(EnumSet.allOf(Offload.class));
        }
    }

    @Nested
    class WithoutSegmentation extends OnTheKernel {
        WithoutSegmentation() {
            super(EnumSet.of(Offload.CHECKSUM));
        }
    }

    @Nested
    class WithoutAnyOffload extends OnTheKernel {
        WithoutAnyOffload() {
            super(EnumSet.noneOf(Offload.class));
        }
    }

    abstract static class OnTheKernel extends PacketDeviceContract {
        private final Set<Offload> offloads;
        private NetworkNamespace namespace;
        private TunDevice device;
        private DatagramChannel host;

        OnTheKernel(Set<Offload> offloads) {
            this.offloads = offloads;
        }

        @Override
        PacketDevice open() throws IOException {
            namespace = NetworkNamespace.anonymous("test");
            device =
                    TunDevice.open(
                            namespace,
                            TunSettings.named("tun0")
                                    .withMtu(MTU)
                                    .withOffloads(offloads)
                                    .withAddresses(new LinkAddress(HOST, 24)));
            host = namespace.call(DatagramChannel::open);
            host.bind(new InetSocketAddress(HOST, PORT)).configureBlocking(false);
            return device.queues().getFirst();
        }

        @AfterEach
        void closeTheNamespace() throws IOException {
            host.close();
            device.close();
            namespace.close();
        }

        @Override
        void hostSends(byte[] payload) throws IOException {
            host.send(ByteBuffer.wrap(payload), new InetSocketAddress(HERE, PORT));
        }

        @Override
        byte[] hostReceives() throws IOException {
            ByteBuffer bytes = ByteBuffer.allocate(2_000);
            return host.receive(bytes) == null
                    ? null
                    : Arrays.copyOf(bytes.array(), bytes.position());
        }
    }
}
