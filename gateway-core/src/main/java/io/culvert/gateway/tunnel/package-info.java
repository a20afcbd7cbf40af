/** What tunnels say of themselves. */
package io.culvert.gateway.tunnel;
