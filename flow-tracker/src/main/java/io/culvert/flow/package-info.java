/**
 * Flows: who talks to whom for which tenant, what was decided, how much passed, and when a flow is
 * over. And whole datagrams out of fragments, before all that.
 *
 * <p>Depends on: {@code hooks}, Caffeine. Does no I/O and starts no thread; time comes from a
 * {@link io.culvert.flow.NanoClock}.
 *
 * <p>Threading: the {@link io.culvert.flow.FlowTable} is shared by all workers; a {@link
 * io.culvert.flow.Flow} is written by the worker that owns it and may be read, a moment late, by
 * anyone. A {@link io.culvert.flow.Reassembler} belongs to one worker; {@link
 * io.culvert.flow.Identifications} are shared.
 *
 * <p>Implements: the time-outs of RFC 4787 REQ-5, RFC 5382 REQ-5, RFC 5508 REQ-2, RFC 7857 section
 * 2.2; RFC 9293 section 3.3.2 as seen from between the two ends; for forwarded TCP RFC 5382 REQ-2,
 * RFC 5961 sections 3 to 5, RFC 7323 section 2, RFC 2018, RFC 5927 section 4.1; reassembly of RFC
 * 791 section 3.2, RFC 3168 section 5.3, RFC 5722 and RFC 8200 section 4.5; identifications of RFC
 * 6864 section 4.3 and RFC 7739.
 */
package io.culvert.flow;
