/**
 * Fuzz targets (Jazzer). An ordinary run replays the seeds of each, {@code ./test --fuzz} looks for
 * more. What a target holds against the gateway's code are the plain readings of this package,
 * which have no code in common with it. One target a class, as the fuzzer serves one in a process;
 * an input that found something is kept in the resource folder that is named after its class.
 */
package io.culvert.fuzz;
