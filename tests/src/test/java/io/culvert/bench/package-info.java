/**
 * Micro-benchmarks of the packet path, run by {@link io.culvert.bench.Jmh}.
 *
 * <p>Depends on: {@code wire}, {@code flow}, {@code nat}, JMH.
 *
 * <p>Threading: one thread each, as a worker is.
 */
package io.culvert.bench;
