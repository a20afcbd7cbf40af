/**
 * The control socket: what a running gateway answers to commands on the same host.
 *
 * <p>Depends on: the gateway, jnr-unixsocket, Jackson. Requests are a line of text, answers lines
 * of JSON.
 *
 * <p>Threading: one thread serves, a request at a time; clients block.
 */
package io.culvert.gateway.control;
