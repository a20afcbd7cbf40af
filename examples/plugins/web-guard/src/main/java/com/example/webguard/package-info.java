/** A firewall for requests: {@link com.example.webguard.WebGuardPlugin}. */
package com.example.webguard;
