/**
 * Address and port translation between the two sides of a flow.
 *
 * <p>Depends on: {@code wire} and {@code flow}. Does no I/O and starts no thread.
 *
 * <p>Threading: a {@link io.culvert.nat.SlotPool} belongs to one worker; a {@link
 * io.culvert.nat.Translation} is immutable.
 *
 * <p>Implements: RFC 1624 (incremental checksums), RFC 5508 REQ-3 to REQ-5 (ICMP errors).
 */
package io.culvert.nat;
