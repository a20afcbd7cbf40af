/**
 * Packets in and out of the process: devices, GUE tunnels, network namespaces, and the offloads
 * that let one read carry 64 KiB.
 *
 * <p>Depends on: {@code native}. Moves bytes and knows nothing of flows.
 *
 * <p>Threading: a device is confined to the worker that polls it; a namespace has a thread of its
 * own.
 */
package io.culvert.tun;
