/** Admits tunnels by a token: {@link com.example.tenants.TenantsPlugin}. */
package com.example.tenants;
