/**
 * Flows: who talks to whom for which tenant, what was decided, how much passed, and when a flow is
 * over.
 *
 * <p>Depends on: {@code hooks}, Caffeine. Does no I/O and starts no thread; time comes from a
 * {@link io.culvert.flow.NanoClock}.
 *
 * <p>Threading: the {@link io.culvert.flow.FlowTable} is shared by all workers; a {@link
 * io.culvert.flow.Flow} is written by the worker that owns it and may be read, a moment late, by
 * anyone.
 *
 * <p>Implements: the time-outs of RFC 4787 REQ-5, RFC 5382 REQ-5, RFC 5508 REQ-2, RFC 7857 section
 * 2.2; RFC 9293 section 3.3.2 as seen from between the two ends; for forwarded TCP RFC 5382 REQ-2,
 * RFC 5961 sections 3 to 5, RFC 7323 section 2, RFC 2018, RFC 5927 section 4.1.
 */
package io.culvert.flow;
