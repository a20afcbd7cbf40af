/** What tunnels say of themselves, and clients that are their other end. */
package io.culvert.gateway.tunnel;
