package io.culvert.gateway.http;

/**
 * Told of every exchange that is over.
 *
 * <p>Threading: called on the connection's loop; may not block, nor keep the exchange.
 */
@FunctionalInterface
public interface ExchangeListener {
    ExchangeListener NONE = _ -> {};

    void over(Exchange exchange);
}
