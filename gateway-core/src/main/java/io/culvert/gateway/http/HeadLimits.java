package io.culvert.gateway.http;

/**
 * How much of a message is read before its body.
 *
 * @param bytes of start line and fields together
 * @param fields how many
 */
record HeadLimits(int bytes, int fields) {
    /** After Envoy's guidance for edge proxies. */
    static final HeadLimits EDGE = new HeadLimits(60 * 1024, 100);
}
