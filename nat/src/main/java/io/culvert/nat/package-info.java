/**
 * Address and port translation between the two sides of a flow: {@link io.culvert.nat.SlotPool} for
 * flows that are upgraded, {@link io.culvert.nat.MappingTable} for those that leave as packets.
 *
 * <p>Depends on: {@code wire} and {@code flow}. Does no I/O and starts no thread.
 *
 * <p>Threading: a {@link io.culvert.nat.SlotPool} belongs to one worker, a {@link
 * io.culvert.nat.MappingTable} to all; a {@link io.culvert.nat.Translation} is immutable.
 *
 * <p>Implements: RFC 1624 (incremental checksums), RFC 5508 REQ-3 to REQ-5 (ICMP errors); of
 * mappings, RFC 4787 REQ-1 to REQ-4, REQ-8 and REQ-11, RFC 5382 REQ-1, REQ-3 and REQ-7, RFC 5508
 * REQ-1 a, RFC 6888 REQ-2, REQ-4, REQ-8, REQ-11 D, REQ-14 and REQ-15.
 */
package io.culvert.nat;
