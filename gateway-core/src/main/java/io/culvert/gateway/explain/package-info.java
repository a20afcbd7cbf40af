/**
 * What would become of a flow, for people: the question, the answer stage by stage, and the packet
 * that the packet path is asked about.
 *
 * <p>Depends on: {@code wire}, the policy. Knows nothing of workers; they answer.
 *
 * <p>Threading: all values are immutable.
 */
package io.culvert.gateway.explain;
