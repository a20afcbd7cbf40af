package io.culvert.gateway.http;

import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollIoOps;

/**
 * Netty's epoll(7), but that a descriptor which nothing is awaited of stays in the set. Netty's own
 * (4.2.18) takes it out and does not put it back, so that whatever is awaited of it next fails with
 * ENOENT, such as room to write to a peer that has closed its side while its reading was held up.
 *
 * <p>Threading: as {@link EpollIoHandler}.
 */
public final class SteadyEpoll implements IoHandler {
    /** Nothing, and of errors, which epoll always tells, only the first word. */
    private static final EpollIoOps NOTHING = EpollIoOps.EPOLLET;

    private final IoHandler netty;

    private SteadyEpoll(IoHandler netty) {
        this.netty = netty;
    }

    /** For event loops. */
    public static IoHandlerFactory newFactory() {
        IoHandlerFactory factory = EpollIoHandler.newFactory();
        return executor -> new SteadyEpoll(factory.newHandler(executor));
    }

    @Override
    public IoRegistration register(IoHandle handle) throws Exception {
        return new Registration(netty.register(handle));
    }

    @Override
    public void initialize() {
        netty.initialize();
    }

    @Override
    public int run(IoHandlerContext context) {
        return netty.run(context);
    }

    @Override
    public void prepareToDestroy() {
        netty.prepareToDestroy();
    }

    @Override
    public void destroy() {
        netty.destroy();
    }

    @Override
    public void wakeup() {
        netty.wakeup();
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> type) {
        return netty.isCompatible(type);
    }

    @SuppressWarnings("TypeParameterUnusedInFormals") // It is the interface's.
    private static final class Registration implements IoRegistration {
        private final IoRegistration netty;
        private boolean added;

        private Registration(IoRegistration netty) {
            this.netty = netty;
        }

        @Override
        public long submit(IoOps ops) {
            boolean nothing = EpollIoOps.NONE.equals(ops);
            added |= !nothing;
            return netty.submit(added && nothing ? NOTHING : ops);
        }

        @Override
        public <T> T attachment() {
            return netty.attachment();
        }

        @Override
        public boolean isValid() {
            return netty.isValid();
        }

        @Override
        public boolean cancel() {
            return netty.cancel();
        }
    }
}
