/**
 * What becomes of a flow by the operator's rules: {@link io.culvert.gateway.policy.Policy} answers,
 * {@link io.culvert.gateway.policy.Rule} is one line of it.
 *
 * <p>Depends on: {@code hook}, {@code wire}. Does no I/O and starts no thread.
 *
 * <p>Threading: everything is immutable; every worker asks the same policy.
 */
package io.culvert.gateway.policy;
