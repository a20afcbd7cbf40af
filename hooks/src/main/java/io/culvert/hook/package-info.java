/**
 * What a plugin author compiles against: plain values and interfaces, no dependency at all.
 *
 * <p>Begin with {@link io.culvert.hook.Plugin}: its {@code start} answers {@link
 * io.culvert.hook.Hooks}, in which every callback is optional.
 *
 * <pre>
 *   tunnel opens -----> {@link io.culvert.hook.TunnelHook}: who is it?
 *   flow opens -------> the operator's rules -> {@link io.culvert.hook.FlowHook}: refuse, forward, upgrade?
 *     of TCP, upgraded -> {@link io.culvert.hook.ConnectionHook}: who handles it?
 *     upgraded ---------> {@link io.culvert.hook.EgressHook}: which way out?
 *   connection -------> {@link io.culvert.hook.ConnectionHandler}, or the relay
 *     as HTTP, a request -> {@link io.culvert.hook.HttpHook}: answer, change, another upstream?
 *   flow closes ------> {@link io.culvert.hook.FlowHook#closed}
 * </pre>
 *
 * <p>Threading: every value is immutable; hooks are called on virtual threads, many at once.
 */
package io.culvert.hook;
