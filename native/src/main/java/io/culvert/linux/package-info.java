/**
 * Linux system calls through jnr-ffi: one typed method a call, one translator of errno values.
 * Nothing outside this package knows a call's number, a structure's layout or how an error is
 * reported.
 *
 * <p>Depends on: jnr-ffi. Knows nothing of packets, flows or devices' contents.
 *
 * <p>Two levels. {@link io.culvert.linux.Syscall} is for the packet path: raw descriptors and
 * addresses in, a result or {@code -errno} out, no exception and no allocation. Every other class
 * is for setting things up: it owns its descriptors as {@link io.culvert.linux.Fd} and throws
 * {@link io.culvert.linux.SyscallException}.
 *
 * <p>Threading: calls are stateless and may be made from any thread, but what they act on may be a
 * thread's own (network namespaces are).
 */
package io.culvert.linux;
