/**
 * Packets as bytes: what the headers of IP, TCP, UDP and ICMP say, whether it can be true, and the
 * few packets the gateway writes itself.
 *
 * <p>Depends on: {@code io.culvert.hook} for the {@link io.culvert.hook.Reason} behind a {@link
 * io.culvert.wire.Defect}; nothing else. No I/O, no threads.
 *
 * <p>Contract of every view: {@code wrap} checks all lengths once; after {@link
 * io.culvert.wire.Defect#NONE} each accessor stays inside the packet until the view is wrapped
 * again; after any other defect only the next {@code wrap} may be called. Buffers are big-endian
 * (as ByteBuffer is unless told otherwise) and indexes absolute: position and limit are neither
 * used nor moved, though the limit must lie beyond the packet. Unsigned fields are answered as
 * {@code int}; the 32-bit ones (addresses, sequence numbers) are bit patterns.
 *
 * <p>Threading: a view belongs to one worker. {@code IpAddress} and {@code Prefix} are values;
 * everything static is free of state.
 *
 * <p>Implements: RFC 768, 791, 792, 1071, 1624, 1812 (5.2.2, 4.3.2), 1858, 2018, 3128, 3168 (5.3),
 * 4443, 5095, 5952, 6864, 6946, 7112, 7323 (2), 8200, 9293 as far as headers go.
 */
package io.culvert.wire;
