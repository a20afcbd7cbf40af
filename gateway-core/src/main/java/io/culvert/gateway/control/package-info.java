/**
 * The control socket: what a running gateway answers to commands on the same host.
 *
 * <p>Depends on: the gateway, jnr-unixsocket, Jackson. Requests are a line of text, which a
 * configuration may follow; answers are lines of JSON.
 *
 * <p>Threading: a thread for each client that is answered, a few at once; clients block.
 */
package io.culvert.gateway.control;
