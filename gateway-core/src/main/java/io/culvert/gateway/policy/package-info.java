/**
 * What becomes of a flow by the operator's rules: {@link io.culvert.gateway.policy.Policy} answers,
 * {@link io.culvert.gateway.policy.Rule} is one line of it.
 *
 * <p>Depends on: {@code hook}, {@code wire}, {@code detect}'s facts, {@code nat}'s port ranges and,
 * for rates, {@code flow}. Does no I/O and starts no thread.
 *
 * <p>Threading: every worker asks the same policy, which is immutable but for what rates and audit
 * mode count.
 */
package io.culvert.gateway.policy;
