package io.culvert.gateway.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;

import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A context of TLS whose native memory is given back when nobody makes handlers of it any more;
 * those made hold on to it by themselves.
 *
 * <p>Threading: any.
 */
final class SharedContext {
    private final SslContext context;

    /** Whoever keeps it counts as one. */
    private final AtomicInteger holders = new AtomicInteger(1);

    SharedContext(SslContext context) {
        this.context = context;
    }

    /** Whether it is there for the caller until he gives it back. */
    boolean hold() {
        int now = holders.get();
        while (now > 0 && !holders.compareAndSet(now, now + 1)) {
            now = holders.get();
        }
        return now > 0;
    }

    /** Gives it back, once for each time that it was held, and once by whoever has made it. */
    void release() {
        if (holders.decrementAndGet() == 0) {
            ReferenceCountUtil.release(context);
        }
    }

    /** To be called by a holder. */
    SslContext context() {
        return context;
    }

    /** To be called by a holder. */
    SslHandler newHandler(ByteBufAllocator allocator, Executor tasks) {
        return context.newHandler(allocator, tasks);
    }
}
