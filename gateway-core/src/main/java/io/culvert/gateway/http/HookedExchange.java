package io.culvert.gateway.http;

import io.culvert.hook.HttpAnswer;
import io.culvert.hook.HttpStage;
import io.culvert.hook.Reason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;

import java.util.ArrayDeque;

/**
 * What of an exchange waits for plugins. Of each direction one thing is asked about at a time; what
 * comes behind it waits in its order, and its sender is held back.
 *
 * <p>Confined to the exchange's loop.
 */
final class HookedExchange {
    /** A plugin is given no more of a body at once. */
    private static final int LARGEST_PIECE = 64 * 1024;

    private final Exchange exchange;
    private final HttpLoop loop;
    private final ExchangeHooks.Asking asking;
    private final Way up = new Way(HttpStage.REQUEST_BODY);
    private final Way down = new Way(HttpStage.RESPONSE_BODY);
    private boolean failing;

    /** One direction. */
    private static final class Way {
        final HttpStage body;
        final ArrayDeque<Event> held = new ArrayDeque<>();
        boolean asked;

        /** How many of the first that are held need nobody's answer any more. */
        int decided;

        /** Whether its body may be another one. */
        boolean changed;

        Way(HttpStage body) {
            this.body = body;
        }

        void drop() {
            decided = 0;
            for (Event event; (event = held.poll()) != null; ) {
                if (event.piece != null) {
                    event.piece.release();
                }
            }
        }
    }

    /** A head, a piece or, where both are null, an end. */
    private static final class Event {
        final ResponseHead head;
        final ByteBuf piece;
        final Fields trailers;
        final boolean last;

        Event(ResponseHead head, ByteBuf piece, Fields trailers, boolean last) {
            this.head = head;
            this.piece = piece;
            this.trailers = trailers;
            this.last = last;
        }
    }

    HookedExchange(Exchange exchange, HttpLoop loop, ExchangeHooks.Asking asking) {
        this.exchange = exchange;
        this.loop = loop;
        this.asking = asking;
    }

    void request() {
        asking.request(
                outcome ->
                        onLoop(
                                () -> {
                                    up.changed =
                                            outcome instanceof ExchangeHooks.RequestOutcome.Go go
                                                    && go.changesBody();
                                    exchange.hooked(outcome);
                                }));
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

    /** There is a server again. */
    void resume() {
        step(up);
    }

    /** The server's answer comes to nothing. */
    void dropResponse() {
        down.drop();
    }

    /** Whether an answer of the gateway's own waits for what plugins have in its place. */
    boolean error(Reason why, HttpAnswer own) {
        if (!asking.watches(HttpStage.ERROR) || Statuses.isProtocols(own.status())) {
            return false;
        }
        if (!failing) {
            failing = true;
            exchange.hold(true);
            asking.error(why, own, answer -> onLoop(() -> exchange.answerError(answer)));
        }
        return true;
    }

    void over() {
        up.drop();
        down.drop();
        asking.over(exchange::summary);
    }

    private boolean offer(Way way, Event event) {
        if (way.held.isEmpty() && !needs(way, event) && !waits(event)) {
            return false;
        }
        ByteBuf piece = event.piece;
        while (piece != null && piece.readableBytes() > LARGEST_PIECE) {
            way.held.add(new Event(null, piece.readRetainedSlice(LARGEST_PIECE), null, false));
        }
        way.held.add(kept(event));
        exchange.hold(way == up);
        step(way);
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

    /**
     * Whether the answer's head has to wait, though nobody is asked about it: once it is out, a
     * request whose body is refused has been answered. Of calls in which both sides talk by turns,
     * only what has come by now is waited for: more may come only when the answer has begun.
     */
    boolean awaitsJudgement() {
        if (!exchange.isBodyAwaited() || !asking.watches(HttpStage.REQUEST_BODY)) {
            return false;
        }
        boolean byTurns = exchange.request().isGrpc() || exchange.isBodyAsked();
        return byTurns ? !up.held.isEmpty() : !exchange.isAnswered();
    }

    private boolean needs(Way way, Event event) {
        return event.head != null
                ? asking.watches(HttpStage.RESPONSE)
                : !exchange.isTunnel() && asking.watches(way.body);
    }

    private boolean waits(Event event) {
        return event.head != null && awaitsJudgement();
    }

    /** Goes on with what is held, as far as nobody has to be asked and somebody can take it. */
    private void step(Way way) {
        while (!way.asked && !way.held.isEmpty()) {
            Event event = way.held.peek();
            if (waits(event)) {
                return;
            }
            if (way.decided == 0 && needs(way, event)) {
                ask(way, event);
            } else if (way == up && !exchange.hasServer()) {
                return;
            } else {
                way.decided = Math.max(0, way.decided - 1);
                way.held.poll();
                deliver(way, event);
            }
        }
        if (way.held.isEmpty()) {
            exchange.unhold(way == up);
        }
        if (way == up && !down.held.isEmpty()) {
            step(down);
        }
    }

    private void ask(Way way, Event event) {
        way.asked = true;
        if (event.head != null) {
            asking.response(
                    event.head.status,
                    HookHeads.fields(event.head.fields),
                    outcome -> onLoop(() -> answered(event, outcome)));
        } else {
            byte[] bytes = event.piece == null ? new byte[0] : ByteBufUtil.getBytes(event.piece);
            asking.body(
                    way.body,
                    bytes,
                    event.last,
                    outcome -> onLoop(() -> answered(way, event, outcome)));
        }
    }

    private void answered(Way way, Event event, ExchangeHooks.BodyOutcome outcome) {
        way.asked = false;
        // The server may have failed meanwhile, and another one's answer wait instead.
        if (way.held.peek() == event) {
            switch (outcome) {
                case ExchangeHooks.BodyOutcome.Refuse refuse -> {
                    way.drop();
                    exchange.requestBroken(refuse.reason());
                    return;
                }
                case ExchangeHooks.BodyOutcome.Go go -> {
                    way.decided = 1;
                    go.replacement().ifPresent(bytes -> replace(way, event, bytes));
                }
            }
        }
        step(way);
    }

    private static void replace(Way way, Event event, byte[] bytes) {
        boolean end = event.piece == null;
        if (!end) {
            way.held.poll();
            way.decided--;
            event.piece.release();
        }
        boolean last = event.last && !end;
        if (bytes.length > 0 || last) {
            way.held.addFirst(new Event(null, Unpooled.wrappedBuffer(bytes), null, last));
            way.decided++;
        }
    }

    private void answered(Event event, ExchangeHooks.ResponseOutcome outcome) {
        down.asked = false;
        if (down.held.peek() == event) {
            ResponseHead head = event.head;
            switch (outcome) {
                case ExchangeHooks.ResponseOutcome.Go go -> {
                    go.fields().ifPresent(fields -> HookHeads.set(head.fields, fields));
                    down.changed = go.changesBody();
                    if (down.changed) {
                        ChangedBody.announce(head, event.last);
                    }
                    down.decided = 1;
                }
                case ExchangeHooks.ResponseOutcome.Answer answer ->
                        exchange.answer(answer.answer());
                case ExchangeHooks.ResponseOutcome.Refuse refuse ->
                        exchange.refuse(refuse.reason());
                case ExchangeHooks.ResponseOutcome.Retry _ -> {
                    if (!exchange.retryElsewhere()) {
                        down.decided = 1;
                    }
                }
            }
        }
        step(down);
    }

    private void deliver(Way way, Event event) {
        if (way.changed && event.trailers != null) {
            ChangedBody.clean(event.trailers);
        }
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
