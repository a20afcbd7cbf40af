package io.culvert.gateway.plugin;

import io.culvert.hook.Connection;
import io.culvert.hook.FlowInfo;
import io.culvert.upgrade.Handling;

/**
 * A flow's connection in the hands of a plugin's handler. The chain has a user more until it is
 * over.
 */
final class HandlerCall implements Handling {
    private final HookChain chain;
    private final HookChain.Handler handler;
    private final FlowInfo flow;

    HandlerCall(HookChain chain, HookChain.Handler handler, FlowInfo flow) {
        this.chain = chain;
        this.handler = handler;
        this.flow = flow;
    }

    @Override
    public FlowInfo flow() {
        return flow;
    }

    @Override
    public boolean answersFirst() {
        return handler.answersFirst();
    }

    @Override
    public void handle(Connection connection) throws Exception {
        Thread thread = Thread.currentThread();
        long start = System.nanoTime();
        try {
            thread.setContextClassLoader(handler.plugin().loader());
            handler.handler().handle(connection);
        } finally {
            thread.setContextClassLoader(null);
            figures().took(System.nanoTime() - start);
        }
    }

    @Override
    public void failed(Throwable failure) {
        figures().failed();
        handler.plugin().failures().say(HookTimes.Hook.HANDLER, failure);
    }

    @Override
    public void over() {
        chain.release();
    }

    private HookTimes.Figures figures() {
        return handler.plugin().times().of(HookTimes.Hook.HANDLER);
    }
}
