package io.culvert.gateway.http;

import io.culvert.hook.HttpStage;
import io.culvert.hook.Reason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;

import java.util.ArrayDeque;
import java.util.Optional;

/**
 * What of an exchange waits for plugins. Of each direction one thing is asked about at a time; what
 * comes behind it waits in its order, and its sender is held back.
 *
 * <p>Confined to the exchange's loop.
 */
final class HookedExchange {
    private final Exchange exchange;
    private final HttpLoop loop;
    private final ExchangeHooks.Asking asking;
    private final Way up = new Way(HttpStage.REQUEST_BODY);
    private final Way down = new Way(HttpStage.RESPONSE_BODY);

    /** One direction. */
    private static final class Way {
        final HttpStage body;
        final ArrayDeque<Event> held = new ArrayDeque<>();
        boolean asked;

        Way(HttpStage body) {
            this.body = body;
        }

        void drop() {
            for (Event event; (event = held.poll()) != null; ) {
                if (event.piece != null) {
                    event.piece.release();
                }
            }
        }
    }

    /** A head, a piece or, where both are null, an end. */
    private record Event(ResponseHead head, ByteBuf piece, Fields trailers, boolean last) {}

    HookedExchange(Exchange exchange, HttpLoop loop, ExchangeHooks.Asking asking) {
        this.exchange = exchange;
        this.loop = loop;
        this.asking = asking;
    }

    void request() {
        asking.request(outcome -> onLoop(() -> exchange.hooked(outcome)));
    }

    /** Whether the piece is taken, and comes later. */
    boolean requestBody(ByteBuf piece, boolean last) {
        return offer(up, new Event(null, piece, null, last));
    }

    boolean requestEnd(Fields trailers) {
        return offer(up, new Event(null, null, trailers, true));
    }

    boolean response(ResponseHead head, boolean last) {
        return offer(down, new Event(head, null, null, last));
    }

    boolean responseBody(ByteBuf piece, boolean last) {
        return offer(down, new Event(null, piece, null, last));
    }

    boolean responseEnd(Fields trailers) {
        return offer(down, new Event(null, null, trailers, true));
    }

    boolean holdsRequest() {
        return !up.held.isEmpty();
    }

    boolean holdsResponse() {
        return !down.held.isEmpty();
    }

    /** The server's answer comes to nothing. */
    void dropResponse() {
        down.drop();
    }

    void over() {
        up.drop();
        down.drop();
        asking.over(exchange);
    }

    private boolean offer(Way way, Event event) {
        if (way.held.isEmpty() && !needs(way, event)) {
            return false;
        }
        way.held.add(kept(event));
        exchange.hold(way == up);
        if (!way.asked) {
            step(way);
        }
        return true;
    }

    /** Readers use heads and trailers again. */
    private static Event kept(Event event) {
        ResponseHead head = event.head == null ? null : event.head.copy();
        Fields trailers = null;
        if (event.trailers != null) {
            trailers = new Fields();
            trailers.copyOf(event.trailers);
        }
        return new Event(head, event.piece, trailers, event.last);
    }

    private boolean needs(Way way, Event event) {
        return event.head != null
                ? asking.watches(HttpStage.RESPONSE)
                : !exchange.isTunnel() && asking.watches(way.body);
    }

    private void step(Way way) {
        while (!way.held.isEmpty() && !way.asked) {
            Event event = way.held.peek();
            if (!needs(way, event)) {
                way.held.poll();
                deliver(way, event);
            } else if (event.head != null) {
                way.asked = true;
                asking.response(
                        event.head.status,
                        HookHeads.fields(event.head.fields),
                        outcome -> onLoop(() -> answered(event.head, event.last, outcome)));
            } else {
                way.asked = true;
                byte[] bytes =
                        event.piece == null ? new byte[0] : ByteBufUtil.getBytes(event.piece);
                asking.body(
                        way.body,
                        bytes,
                        event.last,
                        refused -> onLoop(() -> answered(way, refused)));
            }
        }
        if (way.held.isEmpty()) {
            exchange.unhold(way == up);
        }
    }

    private void answered(Way way, Optional<Reason> refused) {
        way.asked = false;
        if (refused.isPresent()) {
            way.drop();
            exchange.requestBroken(refused.get());
        } else if (!way.held.isEmpty()) {
            deliver(way, way.held.poll());
            step(way);
        }
    }

    private void answered(ResponseHead head, boolean last, ExchangeHooks.ResponseOutcome outcome) {
        down.asked = false;
        if (down.held.isEmpty() || down.held.peek().head != head) {
            // The server failed meanwhile, and another one's answer may wait instead.
            step(down);
            return;
        }
        switch (outcome) {
            case ExchangeHooks.ResponseOutcome.Go go -> {
                down.held.poll();
                go.fields().ifPresent(fields -> HookHeads.set(head.fields, fields));
                exchange.responseNow(head, last);
            }
            case ExchangeHooks.ResponseOutcome.Answer answer -> exchange.answer(answer.answer());
            case ExchangeHooks.ResponseOutcome.Refuse refuse -> exchange.refuse(refuse.reason());
            case ExchangeHooks.ResponseOutcome.Retry _ -> {
                if (!exchange.retryElsewhere()) {
                    down.held.poll();
                    exchange.responseNow(head, last);
                }
            }
        }
        step(down);
    }

    private void deliver(Way way, Event event) {
        if (event.head != null) {
            exchange.responseNow(event.head, event.last);
        } else if (event.piece == null && way == up) {
            exchange.requestEndNow(event.trailers);
        } else if (event.piece == null) {
            exchange.responseEndNow(event.trailers);
        } else if (way == up) {
            exchange.requestBodyNow(event.piece, event.last);
        } else {
            exchange.responseBodyNow(event.piece, event.last);
        }
    }

    private void onLoop(Runnable task) {
        loop.eventLoop()
                .execute(
                        () -> {
                            if (!exchange.isOver()) {
                                task.run();
                                loop.flush();
                            }
                        });
    }
}
